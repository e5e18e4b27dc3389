//! What is wrong with a request, said so that its sender can mend it.

/// A value that a rule refuses, with the field it stood in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct Invalid {
    /// The field as the interface names it, such as `name` or `tasks[3].payload`.
    pub field: String,
    /// What is wrong and what to change, lower case, no full stop.
    pub problem: String,
}

impl Invalid {
    /// Says what is wrong with a field.
    pub fn new(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { field: field.into(), problem: problem.into() }
    }

    /// Puts a prefix before the field, such as `tasks[3]`.
    #[must_use]
    pub fn within(mut self, prefix: &str) -> Self {
        self.field = format!("{prefix}.{}", self.field);
        self
    }
}
