//! Runs the attack suite of the sandbox and shows what came of it.

use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    error::Error,
    fs,
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};
use xshell::{Shell, cmd};

/// What to do with the suite.
#[derive(clap::Args)]
pub(crate) struct Attacks {
    /// All verdicts as one JSON document
    #[arg(long)]
    json: bool,
    /// Writes the table into docs/security.md
    #[arg(long)]
    bless: bool,
    /// This many executions mixed with attacks instead, and what there is before and after
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "20000")]
    soak: Option<u32>,
    /// Only cases whose names contain one of these
    filter: Vec<String>,
}

const DOCS: &str = "docs/security.md";
/// Around the table there.
const BEGIN: &str = "<!-- attacks: cargo xtask attacks --bless -->\n";
const END: &str = "<!-- end of attacks -->";

pub(crate) fn attacks(shell: &Shell, wanted: &Attacks) -> Result<(), Box<dyn Error>> {
    if wanted.bless {
        return bless(shell);
    }
    if let Some(count) = wanted.soak {
        let count = count.to_string();
        return Ok(suite(shell, &["--soak", &count]).run()?);
    }
    let verdicts = verdicts(shell, wanted)?;
    let failed = verdicts.iter().filter(|verdict| verdict["passed"] != json!(true)).count();
    if wanted.json {
        let document = json!({"failed": failed, "attacks": verdicts});
        println!("{}", serde_json::to_string_pretty(&document)?);
    } else {
        print!("{}", table(&verdicts));
    }
    match failed {
        0 => Ok(()),
        _ => Err(format!("{failed} of {} attacks got what they may not", verdicts.len()).into()),
    }
}

fn suite<'a>(shell: &'a Shell, arguments: &[&str]) -> xshell::Cmd<'a> {
    cmd!(shell, "cargo test --quiet -p pyexec-sandbox --features weaken --test attacks --")
        .args(arguments)
}

fn verdicts(shell: &Shell, wanted: &Attacks) -> Result<Vec<Value>, Box<dyn Error>> {
    let mut command: Command = suite(shell, &["--json"]).args(&wanted.filter).into();
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let mut verdicts = Vec::new();
    for line in child.stdout.take().into_iter().flat_map(|out| BufReader::new(out).lines()) {
        verdicts.extend(serde_json::from_str::<Value>(&line?).ok().filter(Value::is_object));
    }
    let status = child.wait()?;
    let has_failed = verdicts.iter().any(|verdict| verdict["passed"] != json!(true));
    if verdicts.is_empty() || !(status.success() || has_failed) {
        return Err(format!("the suite ended with {status}").into());
    }
    Ok(verdicts)
}

/// One row for each case, one column for each way in which it ran.
fn table(verdicts: &[Value]) -> String {
    const COLUMNS: [(&str, &str); 4] =
        [("zygote", "root"), ("strict", "root"), ("zygote", "user"), ("strict", "user")];
    let text = |verdict: &Value, key: &str| verdict[key].as_str().unwrap_or_default().to_owned();
    let mut rows: BTreeMap<(String, String), BTreeMap<usize, &str>> = BTreeMap::new();
    let mut failures = String::new();
    for verdict in verdicts {
        let word = match (verdict["passed"].as_bool(), verdict["gap"].is_null()) {
            (Some(true), true) if verdict["family"] == "layers" => "succeeds",
            (Some(true), true) if verdict["detail"].is_null() => "held",
            (Some(true), true) => "skipped",
            (Some(true), false) => "gap",
            _ => "FAILED",
        };
        let is_of =
            |(mode, user): &(&str, &str)| verdict["mode"] == *mode && verdict["user"] == *user;
        let column = COLUMNS.iter().position(is_of).unwrap_or(0);
        let (family, name, layer) =
            (text(verdict, "family"), text(verdict, "name"), text(verdict, "layer"));
        let name = if family == "layers" { format!("{name}, {layer}") } else { name };
        if word == "FAILED" {
            failures += &format!("{family}::{name}: {}\n", text(verdict, "detail"));
        }
        rows.entry((family, name)).or_default().insert(column, word);
    }
    let mut table = format!(
        "{:<14}{:<72}{}\n",
        "family",
        "attack",
        COLUMNS.map(|(mode, user)| format!("{:<14}", format!("{mode}/{user}"))).concat()
    );
    for ((family, name), words) in rows {
        let cells = (0..COLUMNS.len()).map(|column| words.get(&column).copied().unwrap_or("-"));
        let cells: String = cells.map(|word| format!("{word:<14}")).collect();
        table += format!("{family:<14}{name:<72}{cells}").trim_end();
        table.push('\n');
    }
    table + &failures
}

fn bless(shell: &Shell) -> Result<(), Box<dyn Error>> {
    let output = suite(shell, &["--table"]).read()?;
    let path = shell.current_dir().join(DOCS);
    fs::write(&path, replaced(&fs::read_to_string(&path)?, &output)?)?;
    Ok(())
}

fn replaced(docs: &str, table: &str) -> Result<String, String> {
    let around = docs.split_once(BEGIN).zip(docs.split_once(END));
    let ((before, _), (_, after)) = around.ok_or_else(|| format!("{DOCS} has no {BEGIN:?}"))?;
    Ok(format!("{before}{BEGIN}{}\n{END}{after}", table.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_takes_the_place_of_another() {
        let docs = |table: &str| format!("a\n{BEGIN}{table}\n{END}\nb\n");
        assert_eq!(replaced(&docs("old"), "new\n").unwrap(), docs("new"));
        assert!(replaced("nothing", "new").is_err());
    }

    #[test]
    fn each_case_has_a_row_and_each_way_a_column() {
        let verdict = |mode: &str, user: &str, passed: bool, gap: Option<&str>| json!({"family": "f", "name": "n", "layer": "l", "mode": mode, "user": user, "passed": passed, "gap": gap, "detail": gap.or((!passed).then_some("GOT x"))});
        let text = table(&[
            verdict("zygote", "root", true, None),
            verdict("strict", "root", false, None),
            verdict("zygote", "user", true, Some("why")),
        ]);
        let words: Vec<_> = text.lines().nth(1).unwrap().split_whitespace().collect();
        assert_eq!(words, ["f", "n", "held", "FAILED", "gap", "-"]);
        assert!(text.ends_with("f::n: GOT x\n"), "{text}");
    }
}
