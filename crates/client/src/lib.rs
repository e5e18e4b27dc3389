//! A pleasant Rust client: deadlines, paging, idempotent creates, a watch that resumes.
