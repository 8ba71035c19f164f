//! `pyexec ps`: the caller's executions.

use crate::{
    ago::{ago, took},
    args::{PsArgs, Verbosity},
    backend::{self, Backend},
    console, exit_code,
    failure::Failure,
    report, table,
};
use jiff::Timestamp;
use pyexec_blocking::{
    ListExecutions,
    types::{ExecutionResult, Status},
};

const HEADINGS: [&str; 5] = ["ID", "STATUS", "EXIT", "STARTED", "TOOK"];

/// Lists executions, the newest first.
pub(super) fn ps(args: PsArgs) -> Result<u8, Failure> {
    let remote = args.connection.remote()?;
    let backend = Backend::lasting(remote.as_ref(), Verbosity::Usual)?;
    let mut list = ListExecutions::new();
    if let Some(status) = args.status.as_deref() {
        list = list.status(status.into());
    }
    let limit = if args.limit == 0 { usize::MAX } else { args.limit };
    if let Ok(limit) = limit.try_into() {
        list = list.limit(limit);
    }
    let executions: Result<Vec<_>, _> = backend.client().executions(list).take(limit).collect();
    let executions = executions.map_err(|error| backend::explain(error, false))?;
    if args.json {
        report::print(&report::list(&executions, &backend.place().to_string()))?;
    } else if args.quiet {
        for execution in &executions {
            console::print_line(execution.execution_id.as_str())?;
        }
    } else {
        console::print(table(&executions, Timestamp::now()).as_bytes())?;
    }
    Ok(exit_code::SUCCESS)
}

fn table(executions: &[ExecutionResult], now: Timestamp) -> String {
    let mut rows = vec![HEADINGS.map(ToOwned::to_owned)];
    rows.extend(executions.iter().map(|execution| row(execution, now)));
    table::table(&rows)
}

fn row(execution: &ExecutionResult, now: Timestamp) -> [String; 5] {
    let none = || "-".to_owned();
    let status = match (&execution.status, execution.queue_position) {
        (Status::Pending, Some(before)) => format!("pending ({before} before)"),
        (Status::Failed, _) => match &execution.outcome {
            Some(outcome) => format!("failed ({outcome})"),
            None => "failed".to_owned(),
        },
        (status, _) => status.to_string(),
    };
    let exit = if execution.status.is_terminal() {
        exit_code::of_result(execution).to_string()
    } else {
        none()
    };
    [
        execution.execution_id.to_string(),
        status,
        exit,
        execution.started_at.as_deref().map_or_else(none, |then| ago(then, now)),
        execution.duration_ms.map_or_else(none, took),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_what_is_in_them() {
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let mut pending = ExecutionResult::new("exe_1".into(), Status::Pending);
        pending.queue_position = Some(12);
        let mut over = ExecutionResult::new("exe_22".into(), Status::Completed);
        over.started_at = Some("2026-11-22T11:59:00Z".into());
        over.duration_ms = Some(1500);
        over.exit_code = 3;
        let table = table(&[pending, over], now);
        assert_eq!(
            table,
            "ID      STATUS               EXIT  STARTED       TOOK\n\
             exe_1   pending (12 before)  -     -             -\n\
             exe_22  completed            3     1 minute ago  1.5s\n"
        );
    }
}
