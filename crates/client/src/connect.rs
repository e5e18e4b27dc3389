//! The way to a service: its address is read, its connection made when it is first used.

use std::sync::Arc;
use std::time::Duration;

use task_gather::Group;
use tonic::transport::{Channel, Endpoint};

use crate::error::Error;
use crate::options::Options;

/// Makes a channel to the service at `address`, for those who make calls by the generated stub: the one that a
/// [`Client`](crate::Client) uses. Connects when it is first used, and again whenever it has to. Deadlines, repeats and how
/// large a message may be are up to the caller.
///
/// Must be called within a tokio runtime.
///
/// # Errors
/// [`Error::Address`] where the address cannot be used.
pub fn channel(address: &str, options: &Options) -> Result<Channel, Error> {
    Ok(Connection::new(address, options)?.channel)
}

/// A channel, and whereto.
pub(crate) struct Connection {
    pub(crate) channel: Channel,
    /// As it is told to people.
    pub(crate) address: Arc<str>,
    pub(crate) host_port: Arc<str>,
}

impl Connection {
    pub(crate) fn new(address: &str, options: &Options) -> Result<Self, Error> {
        let bad = |problem: &str| Error::Address { address: address.to_owned(), problem: problem.to_owned() };
        let full = if address.contains("://") { address.to_owned() } else { format!("http://{address}") };
        let endpoint = Endpoint::from_shared(full.clone())
            .map_err(|_| bad("give one such as http://127.0.0.1:8080"))?
            // A connection that died silently is found within half a minute, even while idle.
            .http2_keep_alive_interval(Duration::from_secs(20))
            .keep_alive_timeout(Duration::from_secs(10))
            .keep_alive_while_idle(true)
            .user_agent(concat!("task-client/", env!("CARGO_PKG_VERSION")))
            .map_err(|_| bad("give one such as http://127.0.0.1:8080"))?;
        let uri = endpoint.uri();
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => return Err(bad("TLS is not supported yet, use http://")),
            _ => return Err(bad("it has to start with http://")),
        }
        if uri.path() != "/" && !uri.path().is_empty() {
            return Err(bad("it must not have a path"));
        }
        let host = uri.host().filter(|h| !h.is_empty()).ok_or_else(|| bad("it names no host"))?;
        let named_port = uri.authority().is_some_and(|a| a.as_str() != host);
        if named_port && uri.port_u16().is_none() {
            return Err(bad("a port is a number from 1 to 65535"));
        }
        let host_port = format!("{host}:{}", uri.port_u16().unwrap_or(80));
        let (group, spawner) = Group::new();
        tokio::spawn(group);
        // The time to connect is that of the connector alone: one which could not be made in time is told from a call
        // that was sent.
        let endpoint =
            endpoint.connect_timeout(options.deadline.min(Duration::from_secs(5))).executor(spawner);
        Ok(Self {
            channel: endpoint.connect_lazy(),
            address: full.trim_end_matches('/').into(),
            host_port: host_port.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use task_proto::v1::GetTaskRequest;
    use task_proto::v1::task_service_client::TaskServiceClient;
    use tokio::net::{TcpListener, TcpSocket, TcpStream};

    use super::*;
    use crate::call::is_unsent;

    #[tokio::test]
    async fn a_channel_that_is_dropped_leaves_nothing_that_runs() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let alive = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
        let mut stub = TaskServiceClient::new(channel(&address, &Options::default()).unwrap());
        let mut call = Box::pin(stub.get_task(GetTaskRequest { id: 1 }));
        // Never answered: the connection and the call on it stay.
        let (_stream, _) = tokio::select! {
            accepted = listener.accept() => accepted.unwrap(),
            answer = &mut call => panic!("{answer:?}"),
        };
        assert!(alive() > 0);
        drop(call);
        drop(stub);
        let ended = async {
            while alive() > 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), ended).await.expect("all ends");
    }

    #[tokio::test]
    async fn a_connection_that_was_not_made_in_time_is_told_from_a_call_that_was_sent() {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(0).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        // Takes the only place there is: the next one gets no answer.
        let _first = TcpStream::connect(&address).await.unwrap();
        let options = Options::default().deadline(Duration::from_millis(50));
        let mut stub = TaskServiceClient::new(channel(&address, &options).unwrap());
        let status = stub.get_task(GetTaskRequest { id: 1 }).await.unwrap_err();
        assert!(is_unsent(&status), "{status:?}");
    }
}
