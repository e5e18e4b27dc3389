//! The dashboard's files, which are part of the binary, in debug builds as well: what is tested is
//! what is shipped.

use http::HeaderValue;

/// A file and its compressed forms, as far as its build has made them.
#[derive(Debug)]
pub(super) struct File {
    /// As it stands in an address, such as `/assets/index-1a2b3c.js`.
    pub(super) path: &'static str,
    /// Of its content.
    pub(super) hash: &'static str,
    pub(super) plain: &'static [u8],
    pub(super) br: Option<&'static [u8]>,
    pub(super) gzip: Option<&'static [u8]>,
}

/// What the build script has found; there is always an `/index.html`.
pub(super) static FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/files.rs"));

impl File {
    /// The file at a path, which must be spelt as it is: nothing is decoded, and no folder of any
    /// machine is looked into.
    pub(super) fn find<'a>(files: &'a [Self], path: &str) -> Option<&'a Self> {
        files.iter().find(|file| file.path == path)
    }

    /// The smallest form that a client takes, with the name of its encoding.
    pub(super) fn form(&self, accepted: &str) -> (&'static [u8], Option<&'static str>) {
        let forms = [("br", self.br), ("gzip", self.gzip)];
        let taken = forms.into_iter().filter_map(|(name, form)| Some((name, form?)));
        taken
            .filter(|(name, _)| accepts(accepted, name))
            .min_by_key(|(_, form)| form.len())
            .map_or((self.plain, None), |(name, form)| (form, Some(name)))
    }

    /// Whether its name has a hash of its content in it, so that it never changes under that name.
    pub(super) fn is_immutable(&self) -> bool {
        self.path.starts_with("/assets/")
    }

    pub(super) fn content_type(&self) -> HeaderValue {
        let extension = self.path.rsplit_once('.').map_or("", |(_, extension)| extension);
        HeaderValue::from_static(match extension {
            "html" => "text/html; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "txt" => "text/plain; charset=utf-8",
            "json" | "map" => "application/json",
            "webmanifest" => "application/manifest+json",
            "svg" => "image/svg+xml",
            "png" => "image/png",
            "ico" => "image/x-icon",
            "woff2" => "font/woff2",
            _ => "application/octet-stream",
        })
    }
}

/// Whether an `Accept-Encoding` takes an encoding: by name, or else by `*`, unless with `q=0`.
fn accepts(header: &str, encoding: &str) -> bool {
    let weight = |wanted: &str| {
        header.split(',').find_map(|entry| {
            let (name, parameters) = entry.split_once(';').unwrap_or((entry, ""));
            if !name.trim().eq_ignore_ascii_case(wanted) {
                return None;
            }
            let weight = parameters.trim().strip_prefix("q=");
            Some(weight.map_or(1.0, |weight| weight.trim().parse::<f32>().unwrap_or(0.0)))
        })
    };
    weight(encoding).or_else(|| weight("*")).is_some_and(|weight| weight > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoding_is_taken_by_name_or_by_star_and_not_with_weight_zero() {
        for taken in ["br", "gzip, br", "gzip;q=0.5, BR;q=0.1", "*", "identity, *;q=0.1"] {
            assert!(accepts(taken, "br"), "{taken}");
        }
        for refused in ["", "gzip", "brotli", "br;q=0", "*, br;q=0", "br;q=0.000, *", "br;q=x", "xbr"] {
            assert!(!accepts(refused, "br"), "{refused}");
        }
    }

    #[test]
    fn the_binary_has_a_page_and_all_that_it_names() {
        let index = File::find(FILES, "/index.html").expect("a page");
        let text = std::str::from_utf8(index.plain).unwrap();
        let named: Vec<_> = ["src=\"/", "href=\"/"]
            .iter()
            .flat_map(|mark| text.split(mark).skip(1))
            .map(|rest| format!("/{}", rest.split('"').next().unwrap()))
            .filter(|path| path.rsplit('/').next().unwrap().contains('.'))
            .collect();
        assert!(!named.is_empty(), "{text}");
        for path in named {
            assert!(File::find(FILES, &path).is_some(), "{path}");
        }
    }
}
