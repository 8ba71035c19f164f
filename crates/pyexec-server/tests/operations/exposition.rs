//! The text format of OpenMetrics, read as strictly as its specification is written.

use std::collections::{BTreeMap, BTreeSet};

/// A metric with its samples.
#[derive(Debug, Default)]
pub(crate) struct Metric {
    pub(crate) kind: String,
    pub(crate) help: String,
    unit: String,
    pub(crate) samples: Vec<Sample>,
}

/// One line with a value.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) value: f64,
}

impl Metric {
    /// The names of its labels, without a histogram's own.
    pub(crate) fn labels(&self) -> BTreeSet<&str> {
        let names = self.samples.iter().flat_map(|sample| sample.labels.keys());
        names.map(String::as_str).filter(|name| *name != "le").collect()
    }
}

/// Reads an exposition, or says which line is wrong.
pub(crate) fn parse(text: &str) -> Result<BTreeMap<String, Metric>, String> {
    let lines = text.strip_suffix("# EOF\n").ok_or("it doesn't end with # EOF")?;
    let mut metrics: BTreeMap<String, Metric> = BTreeMap::new();
    let mut current = String::new();
    for line in lines.split_terminator('\n') {
        let wrong = |what: &str| format!("{what}: {line:?}");
        if let Some(rest) = line.strip_prefix("# ") {
            let mut words = rest.splitn(3, ' ');
            let mut word = || words.next().ok_or_else(|| wrong("a word is missing"));
            let (keyword, name, value) = (word()?, word()?, word()?);
            if name != current {
                if metrics.contains_key(name) {
                    return Err(wrong("a metric comes again"));
                }
                is_name(name, ":").then_some(()).ok_or_else(|| wrong("no name"))?;
                name.clone_into(&mut current);
            }
            let metric = metrics.entry(current.clone()).or_default();
            if !metric.samples.is_empty() {
                return Err(wrong("it comes after samples"));
            }
            let said = match keyword {
                "HELP" => &mut metric.help,
                "TYPE" => &mut metric.kind,
                "UNIT" => &mut metric.unit,
                _ => return Err(wrong("an unknown keyword")),
            };
            if !said.is_empty() {
                return Err(wrong("it is said twice"));
            }
            value.clone_into(said);
        } else {
            let sample = sample(line).ok_or_else(|| wrong("no sample"))?;
            let metric = metrics.get_mut(&current).ok_or_else(|| wrong("nothing describes it"))?;
            metric.samples.push(sample);
        }
    }
    for (name, metric) in &metrics {
        check(name, metric).map_err(|error| format!("{name}: {error}"))?;
    }
    Ok(metrics)
}

fn sample(line: &str) -> Option<Sample> {
    let end = line.find(['{', ' '])?;
    let (name, mut rest) = line.split_at(end);
    let mut labels = BTreeMap::new();
    if let Some(within) = rest.strip_prefix('{') {
        rest = within;
        while !rest.starts_with('}') {
            let (label, after) = rest.split_once("=\"")?;
            let (value, after) = quoted(after)?;
            if !is_name(label, "") || labels.insert(label.to_owned(), value).is_some() {
                return None;
            }
            // A comma stands between labels only.
            rest = match after.strip_prefix(',') {
                Some(next) if !next.starts_with('}') => next,
                None if after.starts_with('}') => after,
                _ => return None,
            };
        }
        rest = &rest[1..];
    }
    let value = match rest.strip_prefix(' ')? {
        "+Inf" => f64::INFINITY,
        number if number.starts_with(|c: char| c.is_ascii_digit()) => number.parse().ok()?,
        _ => return None,
    };
    is_name(name, ":").then(|| Sample { name: name.to_owned(), labels, value })
}

/// A value up to its closing quote, and what comes after it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(match chars.next()?.1 {
                'n' => '\n',
                c @ ('\\' | '"') => c,
                _ => return None,
            }),
            c => value.push(c),
        }
    }
    None
}

fn is_name(name: &str, besides: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || besides.contains(c);
    !name.is_empty() && name.chars().all(fits) && !name.starts_with(|c: char| c.is_ascii_digit())
}

/// What holds for a metric as a whole.
fn check(name: &str, metric: &Metric) -> Result<(), String> {
    let Metric { kind, help, unit, samples } = metric;
    if help.is_empty() || samples.is_empty() {
        return Err("nothing explains it, or it has no value".into());
    }
    if !unit.is_empty() && !name.ends_with(&format!("_{unit}")) {
        return Err(format!("its name doesn't end with its unit, {unit}"));
    }
    let suffixes: &[&str] = match kind.as_str() {
        "counter" => &["_total"],
        "gauge" => &[""],
        "info" => &["_info"],
        "histogram" => &["_bucket", "_count", "_sum"],
        _ => return Err(format!("{kind:?} is no type")),
    };
    let mut seen = BTreeSet::new();
    let mut histograms: BTreeMap<_, Vec<&Sample>> = BTreeMap::new();
    for sample in samples {
        let suffix = sample.name.strip_prefix(name).filter(|suffix| suffixes.contains(suffix));
        let suffix = suffix.ok_or_else(|| format!("{} is none of its samples", sample.name))?;
        if !seen.insert((&sample.name, &sample.labels)) {
            return Err(format!("{sample:?} comes twice"));
        }
        if (suffix == "_bucket") != sample.labels.contains_key("le") {
            return Err(format!("{sample:?} has no le, or should have none"));
        }
        let mut labels = sample.labels.clone();
        labels.remove("le");
        histograms.entry(labels).or_default().push(sample);
    }
    if kind != "histogram" {
        return Ok(());
    }
    histograms.values().try_for_each(|samples| histogram(name, samples))
}

/// Buckets rise, to infinity, where all are counted.
fn histogram(name: &str, samples: &[&Sample]) -> Result<(), String> {
    let of = |suffix: &str| {
        let name = format!("{name}{suffix}");
        samples.iter().filter(move |sample| sample.name == name)
    };
    let mut before = (f64::NEG_INFINITY, 0.0);
    for bucket in of("_bucket") {
        let le = match bucket.labels["le"].as_str() {
            "+Inf" => f64::INFINITY,
            le => le.parse().map_err(|_| format!("{le:?} is no bound"))?,
        };
        if le <= before.0 || bucket.value < before.1 {
            return Err(format!("{bucket:?} is less than the one before"));
        }
        before = (le, bucket.value);
    }
    let [count] = of("_count").map(|sample| sample.value).collect::<Vec<_>>()[..] else {
        return Err("it has no count".into());
    };
    if of("_sum").count() != 1 || before != (f64::INFINITY, count) {
        return Err("it has no sum, or no bucket for all".into());
    }
    Ok(())
}

#[test]
fn a_wrong_exposition_is_not_taken() {
    const FINE: &str = "# HELP a_seconds A.\n# TYPE a_seconds histogram\n# UNIT a_seconds seconds\n\
        a_seconds_bucket{le=\"1.0\",x=\"\\\"\"} 1\na_seconds_bucket{le=\"+Inf\",x=\"\\\"\"} 2\n\
        a_seconds_count{x=\"\\\"\"} 2\na_seconds_sum{x=\"\\\"\"} 3.5\n\
        # HELP b B.\n# TYPE b counter\nb_total 1\n# EOF\n";
    let read = parse(FINE).unwrap();
    assert_eq!(read["a_seconds"].labels(), ["x"].into());
    assert_eq!(read["b"].samples[0].value, 1.0);
    for (right, wrong) in [
        ("# EOF\n", ""),
        ("# EOF\n", "# EOF"),
        ("# EOF\n", "\n# EOF\n"),
        ("b_total 1", "b 1"),
        ("b_total 1", "b_total -1"),
        ("b_total 1", "b_total  1"),
        ("b_total 1", "b_total 1\nb_total 1"),
        ("b_total 1", "b_total{} 1\n# HELP b B."),
        ("b_total 1", "b_total{x=\"1\",} 1"),
        ("b_total 1", "b_total{x=\"1\",x=\"1\"} 1"),
        ("b_total 1", "b_total{x=\"\\x\"} 1"),
        ("b_total 1", "b_total{1=\"x\"} 1"),
        ("b_total 1", "# HELP a_seconds A."),
        ("# TYPE b counter", "# TYPE b amount"),
        ("# TYPE b counter\n", ""),
        ("# HELP b B.\n", ""),
        ("# UNIT a_seconds seconds", "# UNIT a_seconds bytes"),
        ("le=\"1.0\"", "le=\"one\""),
        ("le=\"1.0\"", "y=\"1.0\""),
        ("le=\"+Inf\"", "le=\"0.5\""),
        ("le=\"+Inf\"", "le=\"9.5\""),
        ("x=\"\\\"\"} 1\n", "x=\"\\\"\"} 3\n"),
        ("a_seconds_count{x=\"\\\"\"} 2", "a_seconds_count{x=\"\\\"\"} 3"),
        ("a_seconds_sum{x=\"\\\"\"} 3.5\n", ""),
    ] {
        let text = FINE.replacen(right, wrong, 1);
        assert_ne!(text, FINE, "{right} isn't in it");
        assert!(parse(&text).is_err(), "taken:\n{text}");
    }
}
