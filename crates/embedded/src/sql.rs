//! The few statements this crate needs, sent through the server's own `psql`.

use std::io::Write;
use std::process::Stdio;

use crate::Error;
use crate::running::Server;

impl Server {
    /// Runs statements as the superuser, by the unix socket. They travel by standard input: what
    /// stands on a command line, such as a password, can be read by every user of the machine.
    pub(crate) fn execute(&self, database: &str, statements: &str) -> Result<(), Error> {
        let mut psql = self.binaries.command("psql");
        psql.args(["--no-psqlrc", "--no-password", "--quiet", "--tuples-only"])
            .args(["--set", "ON_ERROR_STOP=1"])
            .args(["--dbname", &self.socket_url(database)])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = psql.spawn().map_err(Error::io("start psql"))?;
        let mut input = child.stdin.take().expect("piped above");
        // A psql that could not connect closes its input; its own words say more than EPIPE.
        let _ = input.write_all(statements.as_bytes());
        drop(input);
        let output = child.wait_with_output().map_err(Error::io("wait for psql"))?;
        if output.status.success() {
            return Ok(());
        }
        let output_text = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(Error::Sql { status: output.status, output: output_text })
    }

    /// Creates a database unless it is there. From `template0`, which no session can be busy in.
    pub(crate) fn create_database_if_missing(&self, name: &str) -> Result<(), Error> {
        let statement = format!("CREATE DATABASE {} TEMPLATE template0", identifier(name)?);
        self.execute_unless("pg_database", "datname", name, &statement)
    }

    /// Creates a role that may log in, or gives an existing one this password.
    pub(crate) fn create_role(&self, name: &str, password: &str) -> Result<(), Error> {
        let role = identifier(name)?;
        self.execute_unless("pg_roles", "rolname", name, &format!("CREATE ROLE {role}"))?;
        self.execute("postgres", &format!("ALTER ROLE {role} LOGIN PASSWORD {}", literal(password)?))
    }

    /// Runs a statement unless `catalog` has a row of that name. Two callers may both find none;
    /// the one that loses the race then finds the winner's.
    fn execute_unless(&self, catalog: &str, column: &str, name: &str, statement: &str) -> Result<(), Error> {
        let script = format!(
            "SELECT {} WHERE NOT EXISTS (SELECT FROM {catalog} WHERE {column} = {}) \\gexec\n",
            literal(statement)?,
            literal(name)?
        );
        match self.execute("postgres", &script) {
            Err(Error::Sql { output, .. })
                if output.contains("already exists") || output.contains("duplicate key") =>
            {
                self.execute("postgres", &script)
            }
            result => result,
        }
    }

    /// Address by TCP, for a role with a password.
    pub(crate) fn tcp_url(&self, role: &str, password: &str, database: &str) -> String {
        format!(
            "postgres://{}:{}@127.0.0.1:{}/{}?sslmode=disable",
            percent(role),
            percent(password),
            self.port,
            percent(database)
        )
    }

    /// Address by unix socket, for the superuser.
    pub(crate) fn socket_url(&self, database: &str) -> String {
        format!(
            "postgres://{}@localhost:{}/{}?host={}&sslmode=disable",
            percent(&self.settings.superuser),
            self.port,
            percent(database),
            percent(&self.home.socket_dir.display().to_string())
        )
    }
}

/// A name in double quotes.
pub(crate) fn identifier(name: &str) -> Result<String, Error> {
    // 63 bytes is PostgreSQL's NAMEDATALEN - 1; a longer name would silently be cut.
    if name.is_empty() || name.len() > 63 || name.contains('\0') {
        return Err(Error::Settings(format!("`{name}` is not a name: 1 to 63 bytes without NUL")));
    }
    Ok(format!("\"{}\"", name.replace('"', "\"\"")))
}

/// A text in single quotes. The `E` form, so that it means the same however the server reads
/// backslashes.
pub(crate) fn literal(text: &str) -> Result<String, Error> {
    if text.contains('\0') {
        return Err(Error::Settings("a text for the database contains a NUL character".into()));
    }
    Ok(format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''")))
}

/// Percent-encodes everything but the unreserved characters of RFC 3986.
fn percent(text: &str) -> String {
    use std::fmt::Write;
    text.bytes().fold(String::new(), |mut encoded, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(byte.into()),
            _ => write!(encoded, "%{byte:02X}").expect("a string takes all"),
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes() {
        assert_eq!(identifier("a\"b").expect("a name"), "\"a\"\"b\"");
        assert_eq!(literal("it's \\").expect("a text"), "E'it''s \\\\'");
        assert!(identifier("").is_err() && identifier(&"x".repeat(64)).is_err());
        assert!(literal("\0").is_err());
        assert_eq!(percent("/a b@ü"), "%2Fa%20b%40%C3%BC");
    }
}
