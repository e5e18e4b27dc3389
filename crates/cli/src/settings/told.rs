//! What is wrong with a config file, told without repeating it: passwords may stand in it.

use serde_saphyr::Error;

/// Says where the file is wrong and what to change.
pub(super) fn told(error: &Error) -> String {
    let error = error.without_snippet();
    let problem = problem(error);
    match error.location() {
        Some(at) if at.line() > 0 => format!("line {}, column {}: {problem}", at.line(), at.column()),
        _ => problem,
    }
}

fn problem(error: &Error) -> String {
    match error {
        Error::SerdeUnknownField { field, expected, .. } => {
            // A line that went wrong may have made a key of a URL.
            let is_word = field.len() <= 32 && field.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
            let field = if is_word { format!("`{field}`") } else { "this".to_owned() };
            format!("{field} is no setting; there are {}", expected.join(", "))
        }
        Error::SerdeUnknownVariant { expected, .. } => format!("use one of {}", expected.join(", ")),
        Error::SerdeMissingField { field, .. } => format!("`{field}` is missing; add it"),
        // In the words of the parser: `string scalar`, `mapping start`.
        Error::Unexpected { expected, .. } if expected.contains("mapping") => {
            "give settings here, one `name: value` a line, indented".to_owned()
        }
        Error::Unexpected { expected, .. } if expected.contains("sequence") => {
            "give a list here, such as [a, b]".to_owned()
        }
        Error::Unexpected { .. } => "give a single value here".to_owned(),
        Error::SerdeInvalidType { expected, .. } | Error::SerdeInvalidValue { expected, .. } => {
            format!("give {expected}")
        }
        Error::InvalidScalar { ty, .. } => format!("give a value of the kind {ty}"),
        Error::DuplicateMappingKey { .. } => "this is given twice; give it once".to_owned(),
        _ => "this cannot be read as YAML settings; check indentation and brackets, and put quotes around \
              a text with a `:`, `#`, `{` or `@` in it"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::File;
    use super::*;

    #[test]
    fn nothing_in_the_file_is_repeated() {
        for (text, words) in [
            ("serve:\n  database_ur: postgres://u:hunter2@h/d\n", "line 2, column 3: `database_ur` is no"),
            ("serve:\n  database_url: [postgres://u:hunter2@h/d\n", "line 2, column 17: give a single value"),
            ("serve: postgres://u:hunter2@h/d\n", "line 1, column 8: give settings here"),
            ("serve:\n  concurrency: postgres://u:hunter2@h/d\n", "line 2, column 16: "),
            ("serve:\n  smtp_url: hunter2\n  smtp_url: hunter2\n", "this is given twice"),
            ("serve:\n  ? postgres://u:hunter2@h/d\n", "this is no setting"),
            (
                "serve:\n  connections:\n    a: {url: \"postgres://u:hunter2@h/d\", max_rows: hunter2}\n",
                "line 3",
            ),
            ("serve:\n  connections:\n    a: {max_rows: 3} # hunter2\n", "`url` is missing"),
            ("output: hunter2\n", "table, json, yaml"),
            ("serve:\n  database_url: *hunter2\n", "check indentation"),
            ("serve:\n  database_url: \"hunter2\n", "check indentation"),
            ("serve:\n  database_url: !hunter2 {a: b}\n", "line 2"),
        ] {
            let told = told(&serde_saphyr::from_str::<File>(text).unwrap_err());
            assert!(told.contains(words) && !told.contains("hunter2"), "{text}{told}");
        }
    }
}
