//! Every SQL statement: the ports on Postgres, migrations, and the LISTEN connection.
//!
//! The statements live in `queries/<noun>/<verb>.sql`; each file here runs those of one concern.
//! Hot loops (submit, claim, record) hold a connection of their own, since a pool's checkout costs
//! round trips; questions go through a small pool.

mod arrays;
mod claim;
mod connection;
mod error;
mod feed;
mod lane;
mod listen;
mod maintain;
pub mod migrate;
mod notify;
mod operate;
mod parts;
mod place;
mod pool;
mod presence;
mod promote;
mod read;
mod record;
mod row;
mod said;
mod seeded;
mod session;
mod settings;
mod store;
mod submit;
mod watermark;

pub use claim::{Claimer, claim_statement};
pub use listen::{Told, WakeUps};
pub use maintain::Maintained;
pub use promote::{Promoted, Promoter};
pub use record::Recorder;
pub use session::{Session, SessionSettings};
pub use settings::Settings;
pub use store::Store;
