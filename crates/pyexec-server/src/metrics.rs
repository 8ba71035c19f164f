//! What operators watch: counts, times and how busy the server is, in the text format of
//! Prometheus. Nothing here tells one tenant's work from another's.

use crate::space::SpoolSpace;
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram, info::Info},
    registry::{Registry, Unit},
};
use pyexec_types::{ExecutionResult, Isolation, Outcome};
use std::time::Duration;

/// From a start by copy to the longest execution.
const EXECUTION_SECONDS: [f64; 14] =
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0, 60.0, 300.0, 3600.0];

/// The outcomes that there are.
const OUTCOMES: [Outcome; 9] = [
    Outcome::Exited,
    Outcome::Signaled,
    Outcome::Timeout,
    Outcome::Oom,
    Outcome::Killed,
    Outcome::OutputLimit,
    Outcome::Lost,
    Outcome::Refused,
    Outcome::InstallFailed,
];

type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// How busy the scheduler is.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Load {
    /// Executions that wait.
    pub(crate) waiting: usize,
    /// Executions that run.
    pub(crate) running: usize,
    /// Executions that may run.
    pub(crate) slots: usize,
    /// Memory in MiB that is promised to those that run.
    pub(crate) memory_used_mb: u64,
    /// Memory in MiB that may be promised in all.
    pub(crate) memory_mb: u64,
    /// Bytes of output on disk.
    pub(crate) output_bytes: u64,
    /// Bytes that output may take there.
    pub(crate) output_most: u64,
}

/// A request as far as it is counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct RequestLabels {
    pub(crate) method: &'static str,
    /// The route's pattern, never the path that was asked for.
    pub(crate) route: String,
    pub(crate) status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabel {
    route: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PhaseLabel {
    phase: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StreamLabel {
    stream: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SpoolLabel {
    of: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BuildLabels {
    version: &'static str,
    isolation: String,
    limits: String,
    network: String,
}

/// Everything that is counted.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    executions: Family<OutcomeLabel, Counter>,
    phases: Histograms<PhaseLabel>,
    output: Family<StreamLabel, Counter>,
    requests: Family<RequestLabels, Counter>,
    request_times: Histograms<RouteLabel>,
    received: Counter,
    waiting: Gauge,
    running: Gauge,
    slots: Gauge,
    memory: Gauge,
    memory_used: Gauge,
    spool: Family<SpoolLabel, Gauge>,
    spool_used: Family<SpoolLabel, Gauge>,
}

impl Metrics {
    pub(crate) fn new(isolation: &Isolation) -> Self {
        let seconds: fn() -> Histogram = || Histogram::new(EXECUTION_SECONDS);
        let mut metrics = Self {
            registry: Registry::with_prefix("pyexec"),
            executions: Family::default(),
            phases: Family::new_with_constructor(seconds),
            output: Family::default(),
            requests: Family::default(),
            request_times: Family::new_with_constructor(seconds),
            received: Counter::default(),
            waiting: Gauge::default(),
            running: Gauge::default(),
            slots: Gauge::default(),
            memory: Gauge::default(),
            memory_used: Gauge::default(),
            spool: Family::default(),
            spool_used: Family::default(),
        };
        metrics.register(isolation);
        // Zero until the first, so that a rate sees that one too.
        for outcome in OUTCOMES {
            drop(metrics.executions.get_or_create(&OutcomeLabel { outcome: outcome.to_string() }));
        }
        metrics
    }

    fn register(&mut self, isolation: &Isolation) {
        let to = &mut self.registry;
        let build = BuildLabels {
            version: env!("CARGO_PKG_VERSION"),
            isolation: isolation.level.clone(),
            limits: isolation.limits.clone(),
            network: isolation.network.clone(),
        };
        to.register("build", "The version, and how executions are isolated", Info::new(build));
        to.register("queue_length", "Executions that wait for a slot", self.waiting.clone());
        to.register("slots_used", "Executions that run", self.running.clone());
        to.register("slots", "Executions that may run at the same time", self.slots.clone());
        let mut bytes = |name, help, gauge: &Gauge| {
            to.register_with_unit(name, help, Unit::Bytes, gauge.clone());
        };
        bytes("memory_used", "Memory promised to running executions", &self.memory_used);
        bytes("memory_budget", "Memory that running executions may have in all", &self.memory);
        let help = "Large uploads, and output, on disk";
        to.register_with_unit("spool_used", help, Unit::Bytes, self.spool_used.clone());
        let help = "What they may take there";
        to.register_with_unit("spool_budget", help, Unit::Bytes, self.spool.clone());
        to.register("executions", "Executions that are over, by outcome", self.executions.clone());
        let help = "Time of an execution in its queue, and in its run";
        to.register_with_unit("execution_phase", help, Unit::Seconds, self.phases.clone());
        let help = "Output of executions";
        to.register_with_unit("execution_output", help, Unit::Bytes, self.output.clone());
        to.register("http_requests", "Requests answered", self.requests.clone());
        let help = "Time from a request's head to its answer's head";
        to.register_with_unit("http_request", help, Unit::Seconds, self.request_times.clone());
        let help = "Bodies of requests, uploads above all";
        to.register_with_unit("http_received", help, Unit::Bytes, self.received.clone());
    }

    /// An execution is over.
    pub(crate) fn finished(&self, result: &ExecutionResult) {
        let outcome = result.outcome.as_ref().map_or("unknown", Outcome::as_str).to_owned();
        self.executions.get_or_create(&OutcomeLabel { outcome }).inc();
        let phases = [("queued", result.queued_ms), ("run", result.duration_ms)];
        for (phase, ms) in phases {
            if let Some(ms) = ms {
                let seconds = Duration::from_millis(ms).as_secs_f64();
                self.phases.get_or_create(&PhaseLabel { phase }).observe(seconds);
            }
        }
    }

    /// An execution has written so much.
    pub(crate) fn wrote(&self, stdout: u64, stderr: u64) {
        for (stream, bytes) in [("stdout", stdout), ("stderr", stderr)] {
            self.output.get_or_create(&StreamLabel { stream }).inc_by(bytes);
        }
    }

    /// A request has its answer.
    pub(crate) fn answered(&self, request: RequestLabels, after: Duration) {
        let route = RouteLabel { route: request.route.clone() };
        self.request_times.get_or_create(&route).observe(after.as_secs_f64());
        self.requests.get_or_create(&request).inc();
    }

    /// A part of a request's body has come.
    pub(crate) fn received(&self, bytes: u64) {
        self.received.inc_by(bytes);
    }

    /// All of it as text.
    pub(crate) fn text(&self, load: Load, uploads: &SpoolSpace) -> String {
        let gauge = |gauge: &Gauge, value: u64| {
            gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        };
        gauge(&self.waiting, load.waiting as u64);
        gauge(&self.running, load.running as u64);
        gauge(&self.slots, load.slots as u64);
        gauge(&self.memory, load.memory_mb << 20);
        gauge(&self.memory_used, load.memory_used_mb << 20);
        for (of, used, most) in [
            ("uploads", uploads.used(), uploads.most()),
            ("output", load.output_bytes, load.output_most),
        ] {
            gauge(&self.spool_used.get_or_create(&SpoolLabel { of }), used);
            gauge(&self.spool.get_or_create(&SpoolLabel { of }), most);
        }
        let mut text = String::new();
        // Writing to a string can't fail.
        encode(&mut text, &self.registry).unwrap_or_default();
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pyexec_types::Status;

    #[test]
    fn an_execution_is_counted_by_its_outcome_and_its_phases() {
        let metrics = Metrics::new(&Isolation::default());
        let mut result = ExecutionResult::new("exe_1".into(), Status::Completed);
        result.outcome = Some(Outcome::Exited);
        (result.queued_ms, result.duration_ms) = (Some(3), Some(2_000));
        metrics.finished(&result);
        metrics.wrote(5, 0);
        let load = Load { waiting: 2, running: 1, slots: 4, memory_mb: 8, ..Load::default() };
        let text = metrics.text(load, &SpoolSpace::new(std::env::temp_dir(), 7));
        for line in [
            "pyexec_executions_total{outcome=\"exited\"} 1",
            "pyexec_executions_total{outcome=\"oom\"} 0",
            "pyexec_execution_phase_seconds_bucket{le=\"0.005\",phase=\"queued\"} 1",
            "pyexec_execution_phase_seconds_sum{phase=\"run\"} 2.0",
            "pyexec_execution_output_bytes_total{stream=\"stdout\"} 5",
            "pyexec_queue_length 2",
            "pyexec_slots 4",
            "pyexec_memory_budget_bytes 8388608",
            "pyexec_spool_budget_bytes{of=\"uploads\"} 7",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is missing:\n{text}");
        }
    }
}
