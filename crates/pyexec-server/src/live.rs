//! An execution that is pending or running, as those who wait for it or want it gone see it.

use crate::{Owner, Record, queue::Ticket};
use pyexec_sandbox::Stop;
use pyexec_types::ExecutionId;
use std::{
    io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::sync::watch;

/// How long a client that is gone may take to come again, where it gave its request a key.
const PATIENCE: Duration = Duration::from_secs(10);

/// An execution that isn't over yet. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Live(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    ticket: Ticket,
    stop: Stop,
    stopped: watch::Sender<bool>,
    /// Not by its client's will: the server ends.
    is_cut_off: AtomicBool,
    clients: Mutex<Clients>,
    progress: watch::Sender<Progress>,
}

/// Where an execution stands.
#[derive(Debug, Clone)]
pub(crate) struct Progress {
    /// What is known of it.
    pub(crate) record: Record,
    /// Whether it is safe in the store; `None` while that isn't known.
    pub(crate) is_accepted: Option<bool>,
    /// It goes on when the server starts again.
    pub(crate) is_suspended: bool,
}

impl Progress {
    /// Nothing more comes of it here.
    pub(crate) fn is_over(&self) -> bool {
        self.is_suspended || self.record.result.status.is_terminal()
    }
}

/// Who would miss an execution.
#[derive(Debug, Default)]
struct Clients {
    waiting: usize,
    /// Somebody has its id and may come back.
    is_kept: bool,
}

impl Live {
    pub(crate) fn new(ticket: Ticket, record: Record) -> io::Result<Self> {
        Ok(Self(Arc::new(Inner {
            ticket,
            stop: Stop::new()?,
            stopped: watch::Sender::new(false),
            is_cut_off: AtomicBool::new(false),
            clients: Mutex::default(),
            progress: watch::Sender::new(Progress {
                record,
                is_accepted: None,
                is_suspended: false,
            }),
        })))
    }

    pub(crate) fn id(&self) -> ExecutionId {
        self.0.progress.borrow().record.result.execution_id.clone()
    }

    pub(crate) fn ticket(&self) -> &Ticket {
        &self.0.ticket
    }

    pub(crate) fn is_of(&self, owner: &Owner) -> bool {
        self.0.progress.borrow().record.owner == *owner
    }

    pub(crate) fn switch(&self) -> Stop {
        self.0.stop.clone()
    }

    /// What is known of it now.
    pub(crate) fn record(&self) -> Record {
        self.0.progress.borrow().record.clone()
    }

    /// Hears of every change.
    pub(crate) fn watch(&self) -> watch::Receiver<Progress> {
        self.0.progress.subscribe()
    }

    /// Tells everyone where it stands.
    pub(crate) fn tell(&self, record: Record) {
        self.0.progress.send_modify(|progress| progress.record = record);
    }

    /// Tells everyone that it is safe.
    pub(crate) fn accept(&self) {
        self.0.progress.send_modify(|progress| progress.is_accepted = Some(true));
    }

    /// Tells everyone that it never was; `record` says so, too.
    pub(crate) fn refuse(&self, record: Record) {
        self.0.progress.send_modify(|progress| {
            progress.is_accepted = Some(false);
            progress.record = record;
        });
    }

    /// Waits until it is known whether it is safe.
    pub(crate) async fn is_accepted(&self) -> bool {
        let mut progress = self.watch();
        // The sender lives as long as `self`.
        let known = progress.wait_for(|progress| progress.is_accepted.is_some()).await;
        known.is_ok_and(|progress| progress.is_accepted == Some(true))
    }

    /// Tells everyone that it goes on when the server starts again.
    pub(crate) fn suspend(&self) {
        self.0.progress.send_modify(|progress| progress.is_suspended = true);
    }

    /// Ends it, whether it waits or runs.
    pub(crate) fn stop(&self) {
        self.0.stop.stop();
        self.0.stopped.send_replace(true);
    }

    /// Ends it because the server ends.
    pub(crate) fn cut_off(&self) {
        // One that a client has stopped already is on its way to being `killed`.
        if !*self.0.stopped.borrow() {
            self.0.is_cut_off.store(true, Ordering::Release);
        }
        self.stop();
    }

    /// Whether it was stopped because the server ends.
    pub(crate) fn is_cut_off(&self) -> bool {
        self.0.is_cut_off.load(Ordering::Acquire)
    }

    /// Whether nothing more comes of it here.
    pub(crate) fn is_over(&self) -> bool {
        self.0.progress.borrow().is_over()
    }

    /// Done once somebody has stopped it.
    pub(crate) async fn stopped(&self) {
        // The sender lives as long as `self`.
        drop(self.0.stopped.subscribe().wait_for(|stopped| *stopped).await);
    }

    /// Waits until nothing of it is left, or until it is left to the next start.
    pub(crate) async fn finished(&self) -> Record {
        let mut progress = self.watch();
        // The sender lives as long as `self`.
        drop(progress.wait_for(Progress::is_over).await);
        self.record()
    }

    /// Keeps it whoever goes away.
    pub(crate) fn keep(&self) {
        self.clients().is_kept = true;
    }

    /// A client waits for it: where the last of them goes away before its end, it is stopped.
    pub(crate) fn attend(&self) -> Attendance {
        self.clients().waiting += 1;
        Attendance(self.clone())
    }

    fn clients(&self) -> std::sync::MutexGuard<'_, Clients> {
        self.0.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A client that waits for an execution.
#[derive(Debug)]
pub(crate) struct Attendance(Live);

impl Drop for Attendance {
    fn drop(&mut self) {
        let Self(live) = self;
        let mut clients = live.clients();
        clients.waiting -= 1;
        let is_missed = clients.waiting > 0 || clients.is_kept;
        drop(clients);
        if is_missed {
            return;
        }
        let may_come_again = live.0.progress.borrow().record.key.is_some();
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) if may_come_again => drop(runtime.spawn(live.clone().stop_later())),
            _ => live.stop_unless_over(),
        }
    }
}

impl Live {
    /// Stops it unless a client comes again under the same key.
    async fn stop_later(self) {
        let over = tokio::time::timeout(PATIENCE, self.finished()).await;
        // Held until it is stopped: whoever comes then is too late.
        let clients = self.clients();
        if over.is_err() && clients.waiting == 0 && !clients.is_kept {
            self.stop_unless_over();
        }
    }

    fn stop_unless_over(&self) {
        if !self.is_over() {
            tracing::info!(id = %self.id(), "the client is gone: stopping its execution");
            self.stop();
        }
    }
}
