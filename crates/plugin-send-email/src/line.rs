//! Connections to the mail server: few at once, kept open for a while.
//!
//! Not lettre's own pool: that takes a connection back in whatever state a dropped future left it,
//! so a task cancelled in the middle of a mail could mix its rest into the next one. Here a
//! connection is only kept after a mail that went through; otherwise its socket is closed, and the
//! server forgets the half of a mail that it has.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lettre::Message;
use lettre::transport::smtp::authentication::{self, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Response;
use task_plugin::Error;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use crate::failure::{self, Stage};
use crate::{Error as SettingsError, Security, Settings};

/// A connection that nobody used for so long is closed. Servers hang up after some minutes.
const IDLE: Duration = Duration::from_secs(30);

/// The way to the mail server.
pub(crate) struct Line {
    host: String,
    port: u16,
    security: Security,
    tls: Option<TlsParameters>,
    credentials: Option<authentication::Credentials>,
    hello: ClientId,
    timeout: Duration,
    permits: Semaphore,
    idle: Mutex<Vec<(Instant, AsyncSmtpConnection)>>,
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

impl Line {
    pub(crate) fn new(settings: &Settings) -> Result<Self, SettingsError> {
        let credentials = settings.credentials.as_ref();
        Ok(Self {
            host: settings.host.clone(),
            port: settings.port,
            security: settings.security,
            tls: tls(settings).map_err(SettingsError::Tls)?,
            credentials: credentials
                .map(|login| authentication::Credentials::new(login.user.clone(), login.password.clone())),
            hello: ClientId::default(),
            timeout: settings.timeout,
            permits: Semaphore::new(settings.max_connections),
            idle: Mutex::default(),
        })
    }

    /// Sends a message, and gives back the server's last words.
    ///
    /// # Cancel safety
    /// Dropped in the middle, it closes the connection. If the server has the whole mail by then,
    /// it is sent all the same.
    pub(crate) async fn send(&self, message: &Message) -> Result<Response, Error> {
        let _permit = self.permits.acquire().await.expect("the semaphore is never closed");
        let bytes = message.formatted();
        let talk = async {
            let mut connection = match self.reuse().await {
                Some(connection) => connection,
                None => self.open().await?,
            };
            let response = connection
                .send(message.envelope(), &bytes)
                .await
                .map_err(|error| failure::of(&error, Stage::Mail, &self.host))?;
            self.idle().push((Instant::now(), connection));
            Ok(response)
        };
        tokio::time::timeout(self.timeout, talk).await.unwrap_or_else(|_| {
            let seconds = self.timeout.as_secs_f64();
            Err(Error::retry(format!("mail server `{}` did not take the mail within {seconds} s", self.host)))
        })
    }

    async fn open(&self) -> Result<AsyncSmtpConnection, Error> {
        let failed = |error: lettre::transport::smtp::Error| failure::of(&error, Stage::Open, &self.host);
        let server = (self.host.as_str(), self.port);
        let mut connection = if self.security == Security::Tls {
            let tls = self.tls.clone();
            AsyncSmtpConnection::connect_tokio1(server, None, &self.hello, tls, None).await.map_err(failed)?
        } else {
            let stream = self.dial().await.map_err(|e| failure::unreachable(&e, &self.host))?;
            AsyncSmtpConnection::connect_with_transport(Box::new(stream), &self.hello)
                .await
                .map_err(failed)?
        };
        if let Some(tls) = self.tls.clone().filter(|_| self.security == Security::StartTls) {
            connection.starttls(tls, &self.hello).await.map_err(failed)?;
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(&[Mechanism::Plain, Mechanism::Login], credentials).await.map_err(failed)?;
        }
        Ok(connection)
    }

    /// A mail goes out in several small writes; with Nagle's algorithm the last one would wait some
    /// 40 ms for the server's delayed acknowledgement.
    async fn dial(&self) -> std::io::Result<TcpStream> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<(Instant, AsyncSmtpConnection)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A kept connection that still answers.
    async fn reuse(&self) -> Option<AsyncSmtpConnection> {
        loop {
            let mut connection = {
                let mut idle = self.idle();
                idle.retain(|(since, _)| since.elapsed() < IDLE);
                idle.pop()?.1
            };
            if connection.test_connected().await {
                return Some(connection);
            }
        }
    }
}

fn tls(settings: &Settings) -> Result<Option<TlsParameters>, lettre::transport::smtp::Error> {
    if settings.security == Security::None {
        return Ok(None);
    }
    let mut tls = TlsParameters::builder(settings.host.clone());
    if let Some(pem) = &settings.root_certificate_pem {
        tls = tls.add_root_certificate(Certificate::from_pem(pem.as_bytes())?);
    }
    tls.build().map(Some)
}
