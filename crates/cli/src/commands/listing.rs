//! Arguments of a noun of which there is but a list to show: `worker` and `worker list` are the same.

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// What to do [default: list]
    #[command(subcommand)]
    _action: Option<Action>,
}

#[derive(clap::Subcommand, Debug)]
enum Action {
    /// Show all of them, with what each one runs or takes
    #[command(visible_alias = "l", alias = "ls")]
    List,
}
