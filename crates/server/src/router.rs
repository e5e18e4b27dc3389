//! What answers where on the one port.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware;
use axum::middleware::Next;
use axum::response::Response;
use axum::routing::get;
use task_proto::v1::task_service_server::TaskServiceServer;
use tonic::service::Routes;
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_web::GrpcWebLayer;
use tower::Layer;

use crate::http::{cors, fallback, probes};
use crate::readiness::Readiness;
use crate::service::Service;
use crate::ways::Ways;
use crate::{Backend, Options, measure};

/// Puts gRPC, gRPC-Web, probes, metrics and the page for browsers behind one another, and the task service itself before them.
pub(crate) fn build<B: Backend, H: Health>(
    options: &Options,
    service: Service<B>,
    health: HealthServer<H>,
    readiness: Arc<Readiness<B>>,
) -> Ways<B> {
    let tasks = TaskServiceServer::new(service)
        .max_decoding_message_size(task_proto::MAX_MESSAGE_BYTES)
        .max_encoding_message_size(task_proto::MAX_MESSAGE_BYTES);
    let web = GrpcWebLayer::new();
    let mut grpc = Routes::builder();
    // Each service by itself: around the whole router the layer would refuse plain HTTP/1.
    grpc.add_service(web.layer(tasks.clone()));
    grpc.add_service(web.layer(health));
    if options.reflection {
        grpc.add_service(reflection());
    }
    let calls = Arc::new(measure::Calls::new(options.max_calls));
    let gate =
        Arc::new(Gate { origins: cors::Origins::new(&options.web_origins), calls: Arc::clone(&calls) });
    let mut router = grpc
        .routes()
        .into_axum_router()
        .layer(middleware::from_fn_with_state(gate, pass))
        .route("/healthz", get(probes::alive))
        .route("/readyz", get(probes::ready::<B>).with_state(readiness));
    if let Some(recorder) = options.recorder.clone() {
        router = router.route("/metrics", get(probes::metrics).with_state(recorder));
    }
    // In place of tonic's own, which would answer browsers with an empty 200.
    let router = router.fallback(fallback::answer);
    Ways { tasks, calls, router, limit: options.request_timeout }
}

/// What those gRPC calls pass that do not go the short way, as one layer: each is another box around every call.
struct Gate {
    origins: cors::Origins,
    calls: Arc<measure::Calls>,
}

async fn pass(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Response {
    cors::answer(&gate.origins, request, |request| {
        measure::call(&gate.calls, request, |request| next.run(request))
    })
    .await
}

/// The interface's own description, for callers that know nothing of it.
fn reflection() -> impl tonic::codegen::Service<
    http::Request<tonic::body::Body>,
    Response = http::Response<tonic::body::Body>,
    Error = std::convert::Infallible,
    Future: Send,
> + tonic::server::NamedService
+ Clone
+ Send
+ Sync
+ 'static {
    tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(task_proto::DESCRIPTORS)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()
        .expect("the descriptors were checked when they were generated")
}
