//! The one thread that writes: what waits for it meanwhile shares the next commit.

use super::{
    files::Folder,
    job::JobRow,
    rows::{self, BY_KEY, EXPIRY, JOBS, OF_OWNER, OUTPUTS, RECORDS, Row},
};
use crate::{BoxFuture, KeptPlace, Record, StoreError, clock};
use pyexec_sandbox::OutputStream;
use pyexec_types::Status;
use redb::{Durability, ReadableTable, WriteTransaction};
use std::{
    path::PathBuf,
    sync::{
        Arc, PoisonError, RwLock,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};
use tokio::sync::oneshot;

/// Memory for the database's pages.
const CACHE: usize = 32 << 20;

/// Changes in one commit at most.
const MOST: usize = 512;

/// How long readers may hold up what has to be opened again.
const READERS: Duration = Duration::from_secs(10);

/// Failures in a row after which nothing more of a batch is tried.
const HOPELESS: usize = 3;

/// How often what has expired is removed where nothing else happens.
const SWEEP: Duration = Duration::from_secs(5);

/// The database, opened again after a failure: it refuses everything after one, since what it has
/// in memory may not be what is on the disk.
#[derive(Debug)]
pub(super) struct Database {
    path: PathBuf,
    open: RwLock<Option<Arc<redb::Database>>>,
}

impl Database {
    pub(super) fn open(path: PathBuf) -> Result<Self, StoreError> {
        let database = Self { path, open: RwLock::new(None) };
        database.reopen()?;
        Ok(database)
    }

    pub(super) fn get(&self) -> Result<Arc<redb::Database>, StoreError> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner).clone();
        open.ok_or_else(|| StoreError::new("the database failed and could not be opened again"))
    }

    /// Opens it anew, once nobody reads it any more.
    pub(super) fn reopen(&self) -> Result<(), StoreError> {
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        let (was_open, begun) = (open.take().is_some(), Instant::now());
        let database = loop {
            let mut builder = redb::Database::builder();
            match builder.set_cache_size(CACHE).create(&self.path) {
                // Whoever still reads it will be done soon.
                Err(redb::DatabaseError::DatabaseAlreadyOpen)
                    if was_open && begun.elapsed() < READERS =>
                {
                    std::thread::sleep(Duration::from_millis(1));
                }
                opened => break opened.map_err(StoreError::new)?,
            }
        };
        let make_tables = || -> Result<(), redb::Error> {
            let transaction = database.begin_write()?;
            transaction.open_table(RECORDS)?;
            transaction.open_table(OUTPUTS)?;
            transaction.open_table(JOBS)?;
            transaction.open_table(OF_OWNER)?;
            transaction.open_table(BY_KEY)?;
            transaction.open_table(EXPIRY)?;
            transaction.commit()?;
            Ok(())
        };
        make_tables().map_err(StoreError::new)?;
        *open = Some(Arc::new(database));
        Ok(())
    }
}

/// One record, and the submission that waits with it.
#[derive(Debug)]
pub(super) struct Change {
    row: Row,
    bytes: u64,
    outputs: Vec<(OutputStream, Arc<Vec<u8>>)>,
    job: Option<JobRow>,
}

impl Change {
    pub(super) fn of(record: Record, job: Option<JobRow>) -> Self {
        let row = Row::of(&record);
        let mut outputs = Vec::new();
        if record.result.status.is_terminal() {
            for stream in [OutputStream::Stdout, OutputStream::Stderr] {
                if let KeptPlace::Memory(bytes) = record.output.keep(stream).place
                    && !bytes.is_empty()
                {
                    outputs.push((stream, bytes));
                }
            }
        }
        Self { row, bytes: record.bytes(), outputs, job }
    }
}

#[derive(Debug)]
struct Order {
    change: Change,
    /// Whether somebody relies on it.
    is_urgent: bool,
    done: oneshot::Sender<Result<(), StoreError>>,
}

#[derive(Debug)]
enum Message {
    Order(Box<Order>),
    /// What came before is written, then the thread ends.
    Close,
}

/// Where changes go. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct Writer(Sender<Message>);

impl Writer {
    pub(super) fn start(
        database: &Arc<Database>,
        folder: &Arc<Folder>,
        ttl: Duration,
        most_bytes: u64,
    ) -> Result<(Self, JoinHandle<()>), StoreError> {
        let (sender, orders) = channel();
        let mut keeper = Keeper {
            database: Arc::clone(database),
            folder: Arc::clone(folder),
            ttl: u64::try_from(ttl.as_micros()).unwrap_or(u64::MAX),
            most_bytes,
            finished: None,
        };
        let thread = std::thread::Builder::new()
            .name("pyexec-store".into())
            .spawn(move || keeper.work(&orders))
            .map_err(StoreError::new)?;
        Ok((Self(sender), thread))
    }

    /// Ends the thread once it has written what came before.
    pub(super) fn close(&self) {
        // It may have ended already.
        let _ = self.0.send(Message::Close);
    }

    /// Gives a change to the thread; the future tells what came of it.
    pub(super) fn send(
        &self,
        change: Change,
        is_urgent: bool,
    ) -> Result<BoxFuture<Result<(), StoreError>>, StoreError> {
        let (done, told) = oneshot::channel();
        let gone = || StoreError::new("the store's thread is gone");
        let order = Box::new(Order { change, is_urgent, done });
        self.0.send(Message::Order(order)).map_err(|_| gone())?;
        Ok(Box::pin(async move { told.await.unwrap_or_else(|_| Err(gone())) }))
    }

    /// As [`send`](Self::send), with every error in the future.
    pub(super) fn write(
        &self,
        change: Change,
        is_urgent: bool,
    ) -> BoxFuture<Result<(), StoreError>> {
        self.send(change, is_urgent).unwrap_or_else(|error| Box::pin(async { Err(error) }))
    }
}

/// The thread's own.
struct Keeper {
    database: Arc<Database>,
    folder: Arc<Folder>,
    ttl: u64,
    most_bytes: u64,
    /// Bytes and number of what is finished, once they are known.
    finished: Option<(u64, u64)>,
}

/// Files that go once a commit is done.
#[derive(Default)]
struct Useless {
    archives: Vec<String>,
    outputs: Vec<String>,
}

impl Useless {
    fn has_any(&self) -> bool {
        !self.archives.is_empty() || !self.outputs.is_empty()
    }
}

impl Keeper {
    fn work(&mut self, messages: &Receiver<Message>) {
        let mut is_open = true;
        while is_open {
            let first = match messages.recv_timeout(SWEEP) {
                Ok(first) => Some(first),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            let mut batch = Vec::new();
            for message in first.into_iter().chain(messages.try_iter().take(MOST)) {
                match message {
                    Message::Order(order) => batch.push(*order),
                    Message::Close => is_open = false,
                }
            }
            if !is_open && batch.is_empty() {
                return;
            }
            if let Err(error) = self.commit(&batch) {
                tracing::error!(error = &error as &dyn std::error::Error, "a commit failed");
                self.one_by_one(batch);
                continue;
            }
            for order in batch {
                let _ = order.done.send(Ok(()));
            }
        }
    }

    /// After a failure: one that is too large for the disk shall not take others with it.
    fn one_by_one(&mut self, batch: Vec<Order>) {
        self.recover();
        let mut failures = 0;
        for order in batch {
            let order = [order];
            let stored = if failures < HOPELESS {
                self.commit(&order)
            } else {
                Err(StoreError::new("it failed for others before"))
            };
            if stored.is_ok() {
                failures = 0;
            } else if failures < HOPELESS {
                failures += 1;
                self.recover();
            }
            let [order] = order;
            let _ = order.done.send(stored);
        }
    }

    /// After a failure the database refuses everything, also to be read.
    fn recover(&self) {
        if let Err(error) = self.database.reopen() {
            tracing::error!(error = &error as &dyn std::error::Error, "the store can't be opened");
        }
    }

    fn commit(&mut self, batch: &[Order]) -> Result<(), StoreError> {
        let mut useless = Useless::default();
        let database = self.database.get().or_else(|_| {
            self.database.reopen()?;
            self.database.get()
        })?;
        let mut write = || -> Result<(), redb::Error> {
            let mut transaction = database.begin_write()?;
            let (mut total, mut count) = self.expire(&transaction, &mut useless)?;
            for order in batch {
                let bytes = self.apply(&transaction, &order.change, &mut useless)?;
                total += bytes.unwrap_or_default();
                count += u64::from(bytes.is_some());
            }
            // Files go with what named them, and only for good.
            let is_urgent = batch.iter().any(|order| order.is_urgent) || useless.has_any();
            if !is_urgent && !batch.is_empty() {
                transaction.set_durability(Durability::None)?;
            }
            transaction.commit()?;
            self.finished = Some((total, count));
            Ok(())
        };
        write().map_err(StoreError::new)?;
        // Only now does nothing name them any more.
        useless.archives.iter().for_each(|id| self.folder.forget_archive(id));
        useless.outputs.iter().for_each(|id| self.folder.forget_output(id));
        Ok(())
    }

    /// Bytes of a record that is finished by this.
    fn apply(
        &self,
        transaction: &WriteTransaction,
        change: &Change,
        useless: &mut Useless,
    ) -> Result<Option<u64>, redb::Error> {
        let mut row = change.row.clone();
        let (id, owner) = (row.result.execution_id.to_string(), row.owner.clone());
        let id = id.as_str();
        let mut finished = None;
        if row.result.status.is_terminal() {
            let expires = clock::micros().saturating_add(self.ttl);
            row.expires = Some(expires);
            let bytes = change.bytes + row.write().len() as u64;
            transaction.open_table(EXPIRY)?.insert((expires, id), bytes)?;
            finished = Some(bytes);
        }
        transaction.open_table(RECORDS)?.insert(id, row.write().as_slice())?;
        transaction.open_table(OF_OWNER)?.insert((owner.as_str(), row.created, id), ())?;
        if let Some(key) = &row.key {
            transaction.open_table(BY_KEY)?.insert((owner.as_str(), key.key.as_str()), id)?;
        }
        let mut outputs = transaction.open_table(OUTPUTS)?;
        for (stream, bytes) in &change.outputs {
            outputs.insert((id, rows::number(*stream)), bytes.as_slice())?;
        }
        let mut jobs = transaction.open_table(JOBS)?;
        if let Some(JobRow { job, stdin, archive }) = &change.job {
            jobs.insert(id, (job.as_slice(), stdin.as_slice(), archive.as_deref()))?;
        } else if row.result.status != Status::Pending {
            let job = jobs.remove(id)?;
            if job.is_some_and(|job| job.value().2.is_none()) {
                useless.archives.push(id.to_owned());
            }
        }
        Ok(finished)
    }

    /// Removes what has had its time, and the oldest where there is too much.
    fn expire(
        &mut self,
        transaction: &WriteTransaction,
        useless: &mut Useless,
    ) -> Result<(u64, u64), redb::Error> {
        let now = clock::micros();
        let mut expiry = transaction.open_table(EXPIRY)?;
        // Unknown again if this transaction comes to nothing.
        let (mut total, mut count) = match self.finished.take() {
            Some(known) => known,
            None => {
                let mut sum = (0, 0);
                for entry in expiry.iter()? {
                    sum = (sum.0 + entry?.1.value(), sum.1 + 1);
                }
                sum
            }
        };
        let mut old = Vec::new();
        for entry in expiry.iter()? {
            let (key, bytes) = entry?;
            let (expires, id) = key.value();
            // The newest stays whatever its size: somebody is about to fetch it.
            if expires > now && (total <= self.most_bytes || count == 1) {
                break;
            }
            total -= bytes.value();
            count -= 1;
            old.push((expires, id.to_owned()));
        }
        for (expires, id) in old {
            expiry.remove((expires, id.as_str()))?;
            forget(transaction, &id, useless)?;
        }
        Ok((total, count))
    }
}

/// Removes everything of an execution.
pub(super) fn forget_row(
    transaction: &WriteTransaction,
    id: &str,
    row: &Row,
) -> Result<(), redb::Error> {
    transaction.open_table(OF_OWNER)?.remove((row.owner.as_str(), row.created, id))?;
    if let Some(key) = &row.key {
        let mut keys = transaction.open_table(BY_KEY)?;
        let key = (row.owner.as_str(), key.key.as_str());
        // It may be another's by now.
        if keys.get(key)?.is_some_and(|of| of.value() == id) {
            keys.remove(key)?;
        }
    }
    let mut outputs = transaction.open_table(OUTPUTS)?;
    for stream in [OutputStream::Stdout, OutputStream::Stderr] {
        outputs.remove((id, rows::number(stream)))?;
    }
    Ok(())
}

fn forget(
    transaction: &WriteTransaction,
    id: &str,
    useless: &mut Useless,
) -> Result<(), redb::Error> {
    let row = {
        let mut records = transaction.open_table(RECORDS)?;
        let row = records.remove(id)?;
        row.and_then(|row| Row::read(row.value()))
    };
    if let Some(row) = row {
        if row.has_files() {
            useless.outputs.push(id.to_owned());
        }
        forget_row(transaction, id, &row)?;
    }
    Ok(())
}
