//! Extended headers: what says more of the next member than its own block can.

/// What extended headers say of the next member.
#[derive(Debug, Default)]
pub(crate) struct Extension {
    pub(crate) path: Option<Vec<u8>>,
    pub(crate) link: Option<Vec<u8>>,
    pub(crate) size: Option<u64>,
    /// Whether there was any, so that a member must follow.
    pub(crate) is_present: bool,
    has_pax: bool,
}

impl Extension {
    /// Takes the body of a PAX header.
    ///
    /// Where readers differ on what several headers for one member mean, none is believed.
    pub(crate) fn add_pax(&mut self, body: &[u8]) -> Result<(), &'static str> {
        if self.has_pax {
            return Err("two PAX headers for one member");
        }
        self.has_pax = true;
        self.is_present = true;
        let mut path = None;
        let mut link = None;
        for record in Records(body) {
            let (key, value) = record?;
            match key {
                b"path" if value.is_empty() => return Err("empty path"),
                b"path" => path = Some(value.to_vec()),
                b"linkpath" => link = Some(value.to_vec()),
                b"size" => self.size = Some(decimal(value).ok_or("bad size")?),
                _ if key.starts_with(b"GNU.sparse.") => {
                    return Err("sparse files are not accepted");
                }
                // Times, owners, comments and attributes, none of which is kept.
                _ => {}
            }
        }
        // Within one header the last of equal records holds (POSIX.1-2017, pax).
        path.map_or(Ok(()), |path| self.set_path(path))?;
        link.map_or(Ok(()), |link| self.set_link(link))
    }

    /// Takes the body of a GNU long name.
    pub(crate) fn add_long_name(&mut self, body: &[u8]) -> Result<(), &'static str> {
        self.is_present = true;
        match without_end(body) {
            b"" => Err("empty long name"),
            name => self.set_path(name.to_vec()),
        }
    }

    /// Takes the body of a GNU long link target.
    pub(crate) fn add_long_link(&mut self, body: &[u8]) -> Result<(), &'static str> {
        self.is_present = true;
        self.set_link(without_end(body).to_vec())
    }

    fn set_path(&mut self, path: Vec<u8>) -> Result<(), &'static str> {
        if self.path.replace(path).is_some() {
            return Err("two names for one member");
        }
        Ok(())
    }

    fn set_link(&mut self, link: Vec<u8>) -> Result<(), &'static str> {
        if self.link.replace(link).is_some() {
            return Err("two link targets for one member");
        }
        Ok(())
    }
}

/// A GNU long text without the NULs that end it.
fn without_end(body: &[u8]) -> &[u8] {
    let end = body.iter().rposition(|byte| *byte != 0);
    &body[..end.map_or(0, |end| end + 1)]
}

/// Checks a PAX header that holds for all members that follow.
///
/// Tar readers disagree on whether it renames and resizes them, so it must not.
pub(crate) fn check_global(body: &[u8]) -> Result<(), &'static str> {
    for record in Records(body) {
        let (key, _) = record?;
        match key {
            b"path" => return Err("a global header must not set the path"),
            b"size" => return Err("a global header must not set the size"),
            b"linkpath" => return Err("a global header must not set the link's path"),
            _ if key.starts_with(b"GNU.sparse.") => return Err("sparse files are not accepted"),
            _ => {}
        }
    }
    Ok(())
}

/// The records `"<length> key=value\n"` of a PAX header.
struct Records<'a>(&'a [u8]);

impl<'a> Iterator for Records<'a> {
    type Item = Result<(&'a [u8], &'a [u8]), &'static str>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let record = self.split();
        if record.is_none() {
            self.0 = &[];
        }
        Some(record.ok_or("malformed PAX record"))
    }
}

impl<'a> Records<'a> {
    fn split(&mut self) -> Option<(&'a [u8], &'a [u8])> {
        let space = self.0.iter().position(|byte| *byte == b' ')?;
        let length = usize::try_from(decimal(&self.0[..space])?).ok()?;
        // `get` refuses a length that ends before the space or after the body.
        let text = self.0.get(space + 1..length)?.strip_suffix(b"\n")?;
        self.0 = &self.0[length..];
        let equals = text.iter().position(|byte| *byte == b'=')?;
        let (key, value) = (&text[..equals], &text[equals + 1..]);
        (!key.is_empty() && !key.contains(&0)).then_some((key, value))
    }
}

fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |value, digit| match digit {
        b'0'..=b'9' => value.checked_mul(10)?.checked_add(u64::from(digit - b'0')),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pax(body: &[u8]) -> Result<Extension, &'static str> {
        let mut extension = Extension::default();
        extension.add_pax(body).map(|()| extension)
    }

    #[test]
    fn path_and_size_are_taken_and_the_rest_passed_over() {
        let body = b"12 path=a/b\n10 size=7\n20 mtime=1.25=x\ny=z\n";
        let extension = pax(body).unwrap();
        assert_eq!(extension.path.as_deref(), Some(&b"a/b"[..]));
        assert_eq!(extension.size, Some(7));
        assert!(pax(b"").unwrap().path.is_none());
        // The last of equal records holds.
        let twice = pax(b"10 path=a\n10 path=b\n").unwrap();
        assert_eq!(twice.path.as_deref(), Some(&b"b"[..]));
    }

    #[test]
    fn malformed_records() {
        for body in [
            &b"12 path=a/b"[..],
            b"11 path=a/b\n",
            b"13 path=a/b\n",
            b"99999999999999999999999 path=a/b\n",
            b"18446744073709551615 path=a/b\n",
            b"-1 path=a\n",
            b" 9 path=a\n",
            b"0 path=a\n",
            b"1 \n",
            b"4 =\n",
            b"7 path\n",
            b"5 =x\n",
            b"8 a\0b=c\n",
            b"\0\0\0",
            b"12 path=a/b\n\0",
            b"7 path=\n",
            b"8 path=\n",
            b"11 size=-1\n",
            b"10 size= \n",
            b"8 size=\n",
            b"32 size=99999999999999999999999\n",
            b"22 GNU.sparse.major=1\n",
        ] {
            assert!(pax(body).is_err(), "{}", body.escape_ascii());
        }
    }

    #[test]
    fn two_names_are_one_too_many() {
        let mut both = pax(b"10 path=a\n").unwrap();
        assert!(both.add_long_name(b"b\0").is_err());
        let mut long = Extension::default();
        long.add_long_name(b"b\0\0").unwrap();
        assert_eq!(long.path.as_deref(), Some(&b"b"[..]));
        assert!(long.add_pax(b"10 path=a\n").is_err());
        assert!(Extension::default().add_long_name(b"\0").is_err());
        let mut both = pax(b"14 linkpath=a\n").unwrap();
        assert_eq!(both.link.as_deref(), Some(&b"a"[..]));
        assert!(both.add_long_link(b"b\0").is_err());
    }

    #[test]
    fn a_global_header_may_comment_and_no_more() {
        assert!(check_global(b"14 comment=ab\n").is_ok());
        assert!(check_global(b"10 path=a\n").is_err());
        assert!(check_global(b"10 size=1\n").is_err());
        assert!(check_global(b"14 linkpath=a\n").is_err());
    }
}
