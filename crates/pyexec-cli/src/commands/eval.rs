//! `pyexec eval`: code without a project, and a value back.

use crate::{
    args::{EvalArgs, Verbosity},
    backend::{self, Backend},
    failure::Failure,
    input::Stdin,
    interrupt::Interrupts,
    program_input::{self, InputSource},
    report::{self, Document, People, Report, SharedReport},
    requirements::Requirements,
    variables,
    watch::{self, End},
};
use pyexec_blocking::{
    Client,
    types::{CodeFile, ExecutionResult, SimpleExecRequest},
};
use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// Evaluates code, and shows what it printed and the value of its last expression.
pub(super) fn eval(mut args: EvalArgs) -> Result<u8, Failure> {
    let verbosity = args.output.verbosity()?;
    let remote = std::mem::take(&mut args.connection).remote()?;
    let host_network = args.limits.network == Some(true);
    let request = request(args)?;

    let interrupts = Interrupts::catch()?;
    // A server ends an execution whose connection is gone; dropping this ends it on this machine.
    let backend = Backend::open(remote.as_ref(), host_network, verbosity)?;
    let (client, place) = (backend.client(), backend.place());
    let mut report = match verbosity {
        Verbosity::Json => SharedReport::new(Document::new(place)),
        _ => SharedReport::new(People::new(verbosity, place)),
    };
    let farewell = report.clone();
    let work = move || match client.eval(&request) {
        Ok(result) if is_lossy(&result) => exact(&client, &mut report, &result),
        Ok(result) => report::whole(&mut report, &result),
        Err(error) => report.failed(backend::explain(error, true)),
    };
    interrupts.during(work, |signal| farewell.interrupted(signal, None))
}

/// Whether bytes may have been replaced that aren't UTF-8.
fn is_lossy(result: &ExecutionResult) -> bool {
    result.stdout.contains('\u{fffd}') || result.stderr.contains('\u{fffd}')
}

/// Asks for the bytes themselves where the server has them.
fn exact(
    client: &Client,
    report: &mut SharedReport,
    result: &ExecutionResult,
) -> Result<u8, Failure> {
    if !client.health().is_ok_and(|health| health.offers("events")) {
        return report::whole(report, result);
    }
    report.accepted(&result.execution_id)?;
    match watch::watch(client.events(&result.execution_id), || true, report)? {
        End::Result(_, missing) => report.ended(result, &missing),
        End::Lost(error) => report.failed(backend::explain(error, false)),
    }
}

/// All that the command line names.
fn request(args: EvalArgs) -> Result<SimpleExecRequest, Failure> {
    let env_vars = variables::resolve(&args.env, |name| env::var_os(name))?;
    let requirements_txt = match args.no_auto_install {
        true => "-".to_owned(),
        false => Requirements::of_flags(args.requirements.as_deref(), &args.with)?.text,
    };
    let is_code_piped =
        args.files.is_empty() && args.code.as_deref().is_none_or(|code| code == "-");
    let source = InputSource::of(args.interactive, args.stdin, is_code_piped)?;
    let request = SimpleExecRequest {
        config: args.limits.config(),
        python_version: args.python.unwrap_or_default(),
        eval_last_expr: !args.no_result,
        requirements_txt,
        env_vars,
        ..SimpleExecRequest::default()
    };
    let mut request = match args.files.is_empty() {
        true => SimpleExecRequest { code: code(args.code)?, ..request },
        false => SimpleExecRequest { files: files(&args.files)?, ..request },
    };
    (request.stdin, request.stdin_base64) = program_input::encode(source.read()?);
    Ok(request)
}

fn files(paths: &[PathBuf]) -> Result<Vec<CodeFile>, Failure> {
    let mut files: Vec<CodeFile> = Vec::new();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if files.iter().any(|file| file.name == name) {
            return Err(Failure::usage(format!("two files have the base name {name}")));
        }
        files.push(CodeFile { name, content: read(path)? });
    }
    Ok(files)
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path)
        .map_err(|error| Failure::ours(format!("can't read {}", path.display())).because(&error))
}

fn code(given: Option<String>) -> Result<String, Failure> {
    match given.as_deref() {
        Some("-") | None => String::from_utf8(Stdin::ours().code(given.is_some())?)
            .map_err(|_| Failure::usage("the code is not valid UTF-8")),
        Some(code) if code.trim().is_empty() => Err(Failure::usage("nothing to evaluate")),
        Some(code) => Ok(code.to_owned()),
    }
}
