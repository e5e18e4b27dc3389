//! How to reach the database.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;
use task_domain::{Invalid, database_url};

use crate::place::Places;

/// How to reach the database, and how hard to lean on it. Clones share what they learn of it.
#[derive(Clone)]
pub struct Settings {
    pub(crate) places: Places,
    /// Connections for questions and operators' actions. Default: 10.
    pub pool_size: u32,
    /// Longest wait for a connection. Default: 3 s.
    pub connect_timeout: Duration,
    /// Whether NOTIFY and LISTEN are used; without them everything works by polling. Default: true.
    pub notify: bool,
    /// Whether a pooler stands between that gives each transaction another session, such as `PgBouncer`
    /// in transaction mode: then nothing is kept in a session, and nothing is listened to.
    /// Default: false.
    pub pooled: bool,
}

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Questions and operators' actions.
    Question,
    /// The hot statements.
    Hot,
    /// Hot statements that need not wait for the disk.
    HotUnwaited,
    /// Claims, which need not wait for the disk.
    Claim,
    /// Records.
    Record,
    /// Listening.
    Listen,
    /// Migrations, which may take their time.
    Migrate,
}

/// Stands in each session that is ours from end to end: a pooler would not have passed it on.
pub(crate) const OURS: &str = "task_service.session";

/// For all statements: each finds its rows by an index, however large the tables are, and none may
/// take too long. A sequential scan or a hash join is quicker only while the tables are small, and a
/// plan that was made then may be kept while they grow, and get a thousand times slower.
const EACH: &[(&str, &str)] = &[
    (OURS, "on"),
    ("jit", "off"),
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("enable_material", "off"),
    ("statement_timeout", "10s"),
    ("idle_in_transaction_session_timeout", "10s"),
];

/// For questions, which leave the planner a choice of indexes: made anew each time, for the tables as
/// they are.
const QUESTION: &[(&str, &str)] = &[("plan_cache_mode", "force_custom_plan"), ("lock_timeout", "2s")];

/// For the hot statements: planned once, and written so that there is but one index and one order of
/// joins to choose. Left to itself, Postgres holds what a plan for these values would save against what
/// planning costs; with millions of tasks its estimates are so far apart that it plans each claim anew.
/// A bitmap gathers all rows before the first is used: of a small table quicker than the index in its
/// order, and the whole backlog for each claim later.
const HOT: &[(&str, &str)] =
    &[("plan_cache_mode", "force_generic_plan"), ("enable_bitmapscan", "off"), ("lock_timeout", "5s")];

const UNWAITED: [(&str, &str); 1] = [("synchronous_commit", "off")];

/// For claims and records, which merge a batch with a range of rows. What they look up row by row is
/// written so that only a nested loop is left.
const MERGED: [(&str, &str); 2] = [("enable_mergejoin", "on"), ("enable_nestloop", "off")];

impl Settings {
    /// Reads a `postgres://user:password@host:port/database` URL. There may be several hosts, as in
    /// `postgres://user:password@one:5432,two:5432/database`: the one that takes writes is used.
    ///
    /// # Errors
    /// [`Invalid`] on `database-url`, without repeating the password.
    pub fn new(url: &str) -> Result<Self, Invalid> {
        let wrong = |why: &str| {
            Invalid::new(
                "database-url",
                format!("{why}; give one like postgres://user:password@127.0.0.1:5432/tasks"),
            )
        };
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(wrong("is no Postgres URL"));
        }
        let (url, ignored) = database_url::heeded(url);
        for told in ignored {
            tracing::warn!("{told}");
        }
        let read = |url: String| {
            let options = PgConnectOptions::from_str(&url).map_err(|_| wrong("cannot be read"))?;
            Ok(options.application_name("task-service"))
        };
        let places = Self::each_host(&url).into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            places: Places::new(places),
            pool_size: 10,
            connect_timeout: Duration::from_secs(3),
            notify: true,
            pooled: false,
        })
    }

    /// A database's URL once for each of the hosts in it.
    pub fn each_host(url: &str) -> Vec<String> {
        let Some((scheme, rest)) = url.split_once("://") else { return vec![url.to_owned()] };
        let (authority, path) = rest.find(['/', '?']).map_or((rest, ""), |at| rest.split_at(at));
        let (user, hosts) = authority.rsplit_once('@').map_or(("", authority), |(user, hosts)| (user, hosts));
        let at = if authority.contains('@') { "@" } else { "" };
        hosts.split(',').map(|host| format!("{scheme}://{user}{at}{host}{path}")).collect()
    }

    /// Whether hints can be heard.
    pub(crate) fn listens(&self) -> bool {
        self.notify && !self.pooled
    }

    /// How to connect to one of the places.
    pub(crate) fn options(&self, place: &PgConnectOptions, purpose: Purpose) -> PgConnectOptions {
        if self.pooled {
            // Named statements belong to a session too.
            return place.clone().statement_cache_capacity(0);
        }
        let each = |more: &[(&str, &str)]| place.clone().options(EACH.iter().chain(more).copied());
        match purpose {
            Purpose::Question => each(QUESTION),
            Purpose::Hot => each(HOT),
            Purpose::HotUnwaited => each(HOT).options(UNWAITED),
            Purpose::Claim => each(HOT).options(MERGED).options(UNWAITED),
            Purpose::Record => each(HOT).options(MERGED),
            Purpose::Listen => place.clone().options([(OURS, "on")]),
            // Whatever the database or the user is set to: cut off, an index that is being built is of no use. What takes
            // long is told by migrate/progress.rs, and that a thing is there already need not be told.
            Purpose::Migrate => place
                .clone()
                .options([(OURS, "on"), ("statement_timeout", "0"), ("client_min_messages", "warning")])
                .disable_statement_logging(),
        }
    }

    /// Host and database, for messages; never the password.
    pub fn describe(&self) -> String {
        self.places.describe()
    }
}

// The URL holds a password.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("places", &format_args!("{}", self.describe()))
            .field("pool_size", &self.pool_size)
            .field("connect_timeout", &self.connect_timeout)
            .field("notify", &self.notify)
            .field("pooled", &self.pooled)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_url_is_answered_without_its_password() {
        for url in ["", "mysql://u:hunter2@h/d", "postgres://u:hunter2@h:port/d"] {
            let error = Settings::new(url).unwrap_err();
            assert_eq!(error.field, "database-url");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
        let settings = Settings::new("postgres://u:hunter2@db.example:6432/tasks").unwrap();
        assert_eq!(settings.describe(), "database `tasks` at db.example:6432");
        let shown = format!("{settings:?}");
        assert!(shown.contains("db.example:6432") && !shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn hot_statements_are_planned_once_and_questions_each_time() {
        let settings = Settings::new("postgres://u:p@h/d").unwrap();
        let place = PgConnectOptions::from_str("postgres://u:p@h/d").unwrap();
        let modes = |purpose| {
            let options = settings.options(&place, purpose);
            let options = options.get_options().unwrap_or_default().to_owned();
            ["force_generic_plan", "force_custom_plan"].map(|mode| options.contains(mode))
        };
        for hot in [Purpose::Hot, Purpose::HotUnwaited, Purpose::Claim, Purpose::Record] {
            assert_eq!(modes(hot), [true, false], "{hot:?}");
        }
        assert_eq!(modes(Purpose::Question), [false, true]);
    }

    #[test]
    fn there_may_be_several_hosts() {
        let settings = Settings::new("postgres://u:p@one:5432,two:6432,[::1]/tasks?sslmode=disable").unwrap();
        assert_eq!(settings.describe(), "database `tasks` at one:5432, two:6432 or [::1]:5432");
        let hosts = Settings::each_host("postgres://a,b?user=u");
        assert_eq!(hosts, ["postgres://a?user=u", "postgres://b?user=u"]);
        assert_eq!(Settings::each_host("postgres://"), ["postgres://"]);
    }
}
