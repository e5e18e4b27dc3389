//! The one trait, and which plugin runs which type.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use task_domain::{Kind, KindInfo};

use crate::{Context, Error, Outcome, Parameters};

/// Runs the tasks of one type.
///
/// An attempt may be started more than once (a worker can die in the middle), so make effects
/// repeatable, or pass [`Context::idempotency_key`] on.
pub trait Plugin: Send + Sync + 'static {
    /// Does what the task asks for.
    ///
    /// # Errors
    /// Whatever went wrong; see [`Error`] for what is retried.
    ///
    /// # Cancel safety
    /// The future is dropped at an await point when the deadline passes, the task is cancelled or
    /// the worker stops.
    fn run(
        &self,
        context: Context,
        parameters: Parameters,
    ) -> impl Future<Output = Result<Outcome, Error>> + Send;

    /// What it says of the tasks it runs, for those who submit them. Default: nothing.
    fn about(&self) -> About {
        About::default()
    }
}

/// What a plugin says of the tasks it runs.
#[derive(Clone, Copy, Debug, Default)]
pub struct About {
    /// What they do, in a sentence.
    pub description: Option<&'static str>,
    /// Their parameters, as a JSON schema (draft 2020-12) in text: forms are made of it.
    pub parameters_schema: Option<&'static str>,
}

/// A plugin's running attempt.
pub type PluginFuture = Pin<Box<dyn Future<Output = Result<Outcome, Error>> + Send>>;

/// [`Plugin`] with the type of its future hidden, so that plugins of all sorts fit one map.
trait AnyPlugin: Send + Sync + 'static {
    fn run(self: Arc<Self>, context: Context, parameters: Parameters) -> PluginFuture;
    fn about(&self) -> About;
}

impl<P: Plugin> AnyPlugin for P {
    fn run(self: Arc<Self>, context: Context, parameters: Parameters) -> PluginFuture {
        // Not before the first poll, where a panic of the plugin is looked for.
        Box::pin(async move { Plugin::run(&*self, context, parameters).await })
    }

    fn about(&self) -> About {
        Plugin::about(self)
    }
}

/// Which plugin runs which type.
#[derive(Clone, Default)]
pub struct Registry {
    plugins: BTreeMap<Kind, Arc<dyn AnyPlugin>>,
}

/// No plugin runs this type here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownKind {
    /// The type that was asked for.
    pub kind: String,
    /// The types that there are.
    pub known: Vec<Kind>,
}

impl std::fmt::Display for UnknownKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let known: Vec<_> = self.known.iter().map(Kind::as_str).collect();
        write!(f, "no plugin runs type `{}`; there are: {}", self.kind, known.join(", "))
    }
}

impl std::error::Error for UnknownKind {}

impl Registry {
    /// An empty registry.
    pub fn new() -> Self {
        Self::default()
    }

    /// Has `plugin` run the tasks of type `kind`.
    ///
    /// # Panics
    /// If `kind` is no valid type name or is taken: both are mistakes in the program.
    #[must_use]
    pub fn with(mut self, kind: &str, plugin: impl Plugin) -> Self {
        let kind = Kind::new(kind).expect("a type name is made of letters, digits and _-.:/");
        let before = self.plugins.insert(kind.clone(), Arc::new(plugin));
        assert!(before.is_none(), "two plugins for type `{kind}`");
        self
    }

    /// Keeps only the types given.
    ///
    /// # Errors
    /// [`UnknownKind`] if one of them is not there.
    pub fn only(mut self, kinds: &[Kind]) -> Result<Self, UnknownKind> {
        if let Some(kind) = kinds.iter().find(|k| !self.plugins.contains_key(*k)) {
            return Err(UnknownKind { kind: kind.to_string(), known: self.kinds() });
        }
        self.plugins.retain(|kind, _| kinds.contains(kind));
        Ok(self)
    }

    /// The types that there are, sorted.
    pub fn kinds(&self) -> Vec<Kind> {
        self.plugins.keys().cloned().collect()
    }

    /// What the plugins say of their types, sorted by type.
    pub fn described(&self) -> Vec<KindInfo> {
        let info = |(kind, plugin): (&Kind, &Arc<dyn AnyPlugin>)| {
            let about = plugin.about();
            KindInfo {
                kind: kind.clone(),
                description: about.description.map(str::to_owned),
                parameters_schema: about.parameters_schema.map(str::to_owned),
            }
        };
        self.plugins.iter().map(info).collect()
    }

    /// Starts an attempt, or says that no plugin runs its type.
    ///
    /// # Errors
    /// [`UnknownKind`].
    pub fn run(
        &self,
        kind: &Kind,
        context: Context,
        parameters: Parameters,
    ) -> Result<PluginFuture, UnknownKind> {
        match self.plugins.get(kind) {
            Some(plugin) => Ok(plugin.clone().run(context, parameters)),
            None => Err(UnknownKind { kind: kind.to_string(), known: self.kinds() }),
        }
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Registry").field(&self.kinds()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nothing;

    impl Plugin for Nothing {
        async fn run(&self, _: Context, _: Parameters) -> Result<Outcome, Error> {
            Ok(Outcome::DONE)
        }
    }

    #[test]
    fn only_keeps_what_is_named_and_says_what_there_is() {
        let both = Registry::new().with("a", Nothing).with("b", Nothing);
        let kind = |k| Kind::new(k).unwrap();
        assert_eq!(both.clone().only(&[kind("b")]).unwrap().kinds(), [kind("b")]);
        let error = both.only(&[kind("c")]).unwrap_err();
        assert_eq!(error.to_string(), "no plugin runs type `c`; there are: a, b");
    }

    #[test]
    #[should_panic(expected = "two plugins")]
    fn a_type_has_one_plugin() {
        let _ = Registry::new().with("a", Nothing).with("a", Nothing);
    }
}
