//! The built-in plugin that sends mail by SMTP.
