//! What the two clients offer is the same, and it is what the trait `Executor` promises.

mod surface;

use self::surface::{Surface, parsed};
use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    path::Path,
};
use xshell::Shell;

const ASYNC: &str = "pyexec-async";
const BLOCKING: &str = "pyexec-blocking";

/// A difference that there has to be.
struct Listed {
    /// The type whose method it is.
    of: &'static str,
    method: &'static str,
    difference: Difference,
    reason: &'static str,
}

/// How far a listed difference goes.
#[derive(PartialEq)]
enum Difference {
    /// Only this client has the method.
    OnlyIn(&'static str),
    /// The clients return different types; the arguments are still the same.
    Returns,
}

const LISTED: [Listed; 8] = [
    Listed {
        of: "Client",
        method: "with_http_client",
        difference: Difference::OnlyIn(ASYNC),
        reason: "reqwest has clients, see `with_agent`",
    },
    Listed {
        of: "Client",
        method: "with_agent",
        difference: Difference::OnlyIn(BLOCKING),
        reason: "ureq has agents, see `with_http_client`",
    },
    Listed {
        of: "Client",
        method: "events",
        difference: Difference::Returns,
        reason: "a stream or an iterator",
    },
    Listed {
        of: "Client",
        method: "executions",
        difference: Difference::Returns,
        reason: "a stream or an iterator",
    },
    Listed {
        of: "Client",
        method: "feed",
        difference: Difference::Returns,
        reason: "a stream or an iterator",
    },
    Listed {
        of: "ClientBuilder",
        method: "http_client",
        difference: Difference::OnlyIn(ASYNC),
        reason: "reqwest has clients, see `agent`",
    },
    Listed {
        of: "ClientBuilder",
        method: "agent",
        difference: Difference::OnlyIn(BLOCKING),
        reason: "ureq has agents, see `http_client`",
    },
    Listed {
        of: "ClientBuilder",
        method: "check_connections",
        difference: Difference::OnlyIn(BLOCKING),
        reason: "the command needs it, and reqwest shows no connection before it is used",
    },
];

pub(crate) fn parity(shell: &Shell) -> Result<(), Box<dyn Error>> {
    let files = |package| parsed(shell, Path::new(&format!("crates/{package}/src")));
    let (core, asynchronous, blocking) = (files("pyexec-core")?, files(ASYNC)?, files(BLOCKING)?);
    let executor = Surface::of_trait("Executor", &core)?;
    let mut report = Report::default();
    for of in ["Client", "ClientBuilder"] {
        let pair = [
            Surface::of_type(ASYNC, of, &asynchronous)?,
            Surface::of_type(BLOCKING, of, &blocking)?,
        ];
        if of == "Client" {
            pair.iter().for_each(|client| report.promised(of, &executor, client));
        }
        report.compared(of, &pair, &LISTED);
    }
    if !report.objections.is_empty() {
        return Err(report.objections.join("\n").into());
    }
    print!("{}", report.table());
    Ok(())
}

/// What came of the comparisons.
#[derive(Default)]
struct Report {
    /// Method, arguments, and why it is fine.
    rows: Vec<[String; 3]>,
    objections: Vec<String>,
}

impl Report {
    /// Whether a client has what the trait promises.
    fn promised(&mut self, of: &str, promise: &Surface, client: &Surface) {
        let owners = [promise.owner, client.owner];
        for (name, promised) in &promise.methods {
            let Some(kept) = client.methods.get(name) else {
                self.object(of, name, missing(owners));
                continue;
            };
            let takes = unequal("takes", owners, [&promised.arguments, &kept.arguments]);
            let returns = unequal("returns", owners, [&promised.returns, &kept.returns]);
            for objection in takes.into_iter().chain(returns) {
                self.object(of, name, objection);
            }
        }
    }

    /// Whether two clients, or their builders, have the same methods but for what is listed.
    fn compared(&mut self, of: &str, [one, other]: &[Surface; 2], listed: &[Listed]) {
        let owners = [one.owner, other.owner];
        let listed: BTreeMap<_, _> = listed
            .iter()
            .filter(|known| known.of == of)
            .map(|known| (known.method, known))
            .collect();
        let names = one.methods.keys().chain(other.methods.keys()).map(String::as_str);
        // With the listed ones, to find those that neither has any more.
        for name in names.chain(listed.keys().copied()).collect::<BTreeSet<_>>() {
            let (arguments, difference) = match (one.methods.get(name), other.methods.get(name)) {
                (Some(a), Some(b)) => {
                    if let Some(takes) = unequal("takes", owners, [&a.arguments, &b.arguments]) {
                        self.object(of, name, takes);
                    }
                    let returns = unequal("returns", owners, [&a.returns, &b.returns]);
                    (a.arguments.as_str(), returns.map(|returns| (Difference::Returns, returns)))
                }
                (Some(only), None) => {
                    (&*only.arguments, Some((Difference::OnlyIn(one.owner), missing(owners))))
                }
                (None, Some(only)) => {
                    let owners = [other.owner, one.owner];
                    (&*only.arguments, Some((Difference::OnlyIn(other.owner), missing(owners))))
                }
                (None, None) => ("", None),
            };
            let verdict = match (difference, listed.get(name)) {
                (None, None) => "ok",
                (Some((difference, _)), Some(known)) if difference == known.difference => {
                    known.reason
                }
                (Some((_, objection)), _) => {
                    self.object(of, name, objection);
                    continue;
                }
                (None, Some(_)) => {
                    self.object(of, name, "is listed as a difference, but is none".to_owned());
                    continue;
                }
            };
            self.rows.push([format!("{of}::{name}"), arguments.to_owned(), verdict.to_owned()]);
        }
    }

    fn object(&mut self, of: &str, name: &str, objection: String) {
        self.objections.push(format!("{of}::{name}: {objection}"));
    }

    fn table(&self) -> String {
        let width = |column: usize| {
            self.rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default()
        };
        let (names, arguments) = (width(0), width(1));
        self.rows
            .iter()
            .map(|[name, taken, verdict]| format!("{name:names$}  {taken:arguments$}  {verdict}\n"))
            .collect()
    }
}

fn missing([has, lacks]: [&str; 2]) -> String {
    format!("{has} has it, {lacks} lacks it")
}

fn unequal(what: &str, [one, other]: [&str; 2], [a, b]: [&str; 2]) -> Option<String> {
    (a != b).then(|| format!("{what} `{a}` in {one} and `{b}` in {other}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXECUTOR: &str = "pub trait Executor {
        type Reply<'a, T: 'a> where Self: 'a;
        fn run<'a, C: Call + 'a>(&'a self, call: C) -> Self::Reply<'a, C::Output>;
        fn discovery(&self) -> Discovery { Discovery::new() }
        fn eval(&self, request: &Request) -> Self::Reply<'_, Outcome> { self.run(request.call()) }
        fn wait(&self, id: &Id, policy: impl Into<Policy>) -> Self::Reply<'_, Outcome>;
    }";

    const ASYNC_CLIENT: &str = "
        impl Client {
            pub async fn eval(&self, request: &Request) -> Result<Outcome> { loop {} }
            pub fn feed<F: Feed>(mut self, feed: F) -> Stream<F> { loop {} }
            pub(crate) fn inside(&self) {}
        }
        impl Executor for Client { fn other(&self) {} }
        mod more { impl Client {
            pub async fn wait(
                &self,
                id: &Id,
                policy: impl Into<Policy>,
            ) -> Result<Outcome> { loop {} }
        } }
        #[cfg(test)]
        mod tests { impl Client { pub fn double() {} } }";

    const BLOCKING_CLIENT: &str = "impl crate::Client {
        pub fn eval(&self, mut request: &Request) -> Result<Outcome> { loop {} }
        pub fn wait(&self, id: &Id, policy: impl Into<Policy>) -> Result<Outcome> { loop {} }
        pub fn feed<F: Feed>(self, feed: F) -> Iter<F> { loop {} }
        fn inside(&self) -> u8 { 1 }
    }";

    const FEED: Listed = Listed {
        of: "Client",
        method: "feed",
        difference: Difference::Returns,
        reason: "a stream or an iterator",
    };

    fn report(asynchronous: &str, blocking: &str, listed: &[Listed]) -> Report {
        let parse = |source| [syn::parse_file(source).unwrap()];
        let executor = Surface::of_trait("Executor", &parse(EXECUTOR)).unwrap();
        let pair = [(ASYNC, asynchronous), (BLOCKING, blocking)]
            .map(|(owner, source)| Surface::of_type(owner, "Client", &parse(source)).unwrap());
        let mut report = Report::default();
        pair.iter().for_each(|client| report.promised("Client", &executor, client));
        report.compared("Client", &pair, listed);
        report
    }

    /// The objections to the blocking client with one piece of it in another form.
    #[track_caller]
    fn objections(piece: &str, changed: &str) -> Vec<String> {
        assert!(BLOCKING_CLIENT.contains(piece), "{piece}");
        report(ASYNC_CLIENT, &BLOCKING_CLIENT.replace(piece, changed), &[FEED]).objections
    }

    #[test]
    fn all_is_fine() {
        let report = report(ASYNC_CLIENT, BLOCKING_CLIENT, &[FEED]);
        assert_eq!(report.objections, [""; 0]);
        assert_eq!(
            report.table(),
            "\
Client::eval  (&self, request: &Request)                   ok
Client::feed  <F: Feed>(self, feed: F)                     a stream or an iterator
Client::wait  (&self, id: &Id, policy: impl Into<Policy>)  ok
"
        );
    }

    #[test]
    fn a_missing_method() {
        let without_eval = objections("pub fn eval", "fn eval");
        assert_eq!(
            without_eval,
            [
                "Client::eval: Executor has it, pyexec-blocking lacks it",
                "Client::eval: pyexec-async has it, pyexec-blocking lacks it",
            ]
        );
    }

    #[test]
    fn a_method_that_both_clients_lack() {
        let without = |client: &str| client.replace("fn eval", "fn evaluate");
        let report = report(&without(ASYNC_CLIENT), &without(BLOCKING_CLIENT), &[FEED]);
        assert_eq!(
            report.objections,
            [
                "Client::eval: Executor has it, pyexec-async lacks it",
                "Client::eval: Executor has it, pyexec-blocking lacks it",
            ]
        );
    }

    #[test]
    fn a_method_too_many() {
        let objections = objections("impl crate::Client {", "impl Client { pub fn more(&self) {}");
        assert_eq!(objections, ["Client::more: pyexec-blocking has it, pyexec-async lacks it"]);
    }

    #[test]
    fn an_argument_of_another_type() {
        let objections = objections("request: &Request", "request: Request");
        assert_eq!(
            objections,
            [
                "Client::eval: takes `(&self, request: &Request)` in Executor and \
                 `(&self, request: Request)` in pyexec-blocking",
                "Client::eval: takes `(&self, request: &Request)` in pyexec-async and \
                 `(&self, request: Request)` in pyexec-blocking",
            ]
        );
    }

    #[test]
    fn an_argument_of_another_name() {
        let objections = objections("id: &Id", "execution: &Id").concat();
        assert!(objections.contains("`(&self, execution: &Id, policy"), "{objections}");
    }

    #[test]
    fn another_order_of_arguments() {
        let objections =
            objections("id: &Id, policy: impl Into<Policy>", "policy: Policy, id: &Id");
        assert_eq!(objections.len(), 2, "{objections:#?}");
    }

    #[test]
    fn other_generics() {
        for (piece, changed) in [
            (
                "wait(&self, id: &Id, policy: impl Into<Policy>)",
                "wait<P: Into<Policy>>(&self, id: &Id, policy: P)",
            ),
            ("feed<F: Feed>", "feed<F: Feed + Send>"),
            ("-> Iter<F> {", "-> Iter<F> where F: Send {"),
        ] {
            let objections = objections(piece, changed);
            assert!(!objections.is_empty(), "{changed}");
        }
    }

    #[test]
    fn another_result() {
        let objections = objections("&Request) -> Result<Outcome>", "&Request) -> Result<Status>");
        assert_eq!(
            objections,
            [
                "Client::eval: returns `Result<Outcome>` in Executor and `Result<Status>` in \
                 pyexec-blocking",
                "Client::eval: returns `Result<Outcome>` in pyexec-async and `Result<Status>` in \
                 pyexec-blocking",
            ]
        );
    }

    #[test]
    fn a_difference_is_fine_only_if_listed() {
        let unlisted = report(ASYNC_CLIENT, BLOCKING_CLIENT, &[]).objections;
        assert_eq!(
            unlisted,
            ["Client::feed: returns `Stream<F>` in pyexec-async and `Iter<F>` in pyexec-blocking"]
        );
        let blocking = BLOCKING_CLIENT.replace("fn inside", "pub fn with_agent");
        let only_in = |client| Listed {
            method: "with_agent",
            difference: Difference::OnlyIn(client),
            ..FEED
        };
        let objections = |listed: &[Listed]| report(ASYNC_CLIENT, &blocking, listed).objections;
        assert_eq!(objections(&[FEED, only_in(BLOCKING)]), [""; 0]);
        let unexcused = ["Client::with_agent: pyexec-blocking has it, pyexec-async lacks it"];
        assert_eq!(objections(&[FEED, only_in(ASYNC)]), unexcused);
        assert_eq!(objections(&[FEED]), unexcused);
    }

    #[test]
    fn a_listed_result_excuses_no_argument() {
        let objections = objections("feed: F", "source: F");
        assert_eq!(objections.len(), 1, "{objections:#?}");
    }

    #[test]
    fn what_is_listed_differs() {
        let objections = objections("Iter<F>", "Stream<F>");
        assert_eq!(objections, ["Client::feed: is listed as a difference, but is none"]);
        let gone = Listed { method: "gone", ..FEED };
        assert_eq!(
            report(ASYNC_CLIENT, BLOCKING_CLIENT, &[FEED, gone]).objections,
            ["Client::gone: is listed as a difference, but is none"]
        );
    }

    #[test]
    fn a_type_that_is_not_there_is_no_type_without_methods() {
        let files = [syn::parse_file("impl Customer { pub fn new() {} }").unwrap()];
        assert!(Surface::of_type(ASYNC, "Client", &files).is_err());
        assert!(Surface::of_trait("Executor", &files).is_err());
    }

    #[test]
    fn two_forms_of_a_method_in_one_client() {
        let parse = |second: &str| {
            let first = "pub fn new(url: &str) -> Self { loop {} }";
            let source = format!("impl Client {{ {first} }} impl Client {{ {second} }}");
            Surface::of_type(ASYNC, "Client", &[syn::parse_file(&source).unwrap()])
        };
        assert!(parse("pub fn new(url: &str) -> Self { panic!() }").is_ok());
        assert!(parse("pub fn new(url: String) -> Self { loop {} }").is_err());
    }
}
