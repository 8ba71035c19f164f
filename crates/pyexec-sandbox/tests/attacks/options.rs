//! What the command line asks for.

/// What to run, and how to say it.
#[derive(Debug, Default)]
pub(crate) struct Options {
    /// One line of JSON for each verdict.
    pub(crate) json: bool,
    /// The table for `docs/security.md` alone.
    pub(crate) table: bool,
    pub(crate) lists: bool,
    /// This many executions in a row instead of the suite.
    pub(crate) soak: Option<u32>,
    /// Started by another of these: attacks alone, told as JSON.
    pub(crate) inner: bool,
    /// This family alone, right here: what one of these tells another.
    pub(crate) family: Option<String>,
    /// Words, one of which a case's name has to contain.
    pub(crate) filter: Vec<String>,
}

impl Options {
    /// Those of test runners that mean nothing here are passed over.
    pub(crate) fn from_arguments() -> Self {
        let mut options = Self::default();
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--json" => options.json = true,
                "--table" => options.table = true,
                "--list" => options.lists = true,
                "--inner" => options.inner = true,
                "--soak" => options.soak = arguments.next().and_then(|n| n.parse().ok()),
                "--family" => options.family = arguments.next(),
                "--test-threads" | "--skip" | "--format" | "--color" => drop(arguments.next()),
                other if other.starts_with('-') => {}
                word => options.filter.push(word.to_owned()),
            }
        }
        if !options.inner {
            options.family = None;
        }
        options
    }

    pub(crate) fn includes(&self, family: &str) -> bool {
        self.family.as_deref().is_none_or(|wanted| wanted == family)
    }

    /// The network is attacked in a namespace that plays the host.
    pub(crate) fn runs_here(&self, family: &str) -> bool {
        family != "network" || self.family.is_some()
    }

    pub(crate) fn wants(&self, name: &str) -> bool {
        self.filter.is_empty() || self.filter.iter().any(|word| name.contains(word.as_str()))
    }
}
