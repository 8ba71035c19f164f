//! Ten times as many requests as can be served: each gets an answer, and what is accepted is done
//! in a time that the length of the queue bounds.

use crate::{
    served::{self, Served},
    stats::{Samples, goal},
    sustained,
};
use pyexec_async::Client;
use pyexec_core::{Archive, types::Metadata};
use pyexec_sandbox::Start;
use pyexec_server::ServerConfig;
use std::{
    fs,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};
use tokio::{runtime, task::JoinSet, time};

const LENGTH: [Duration; 2] = [Duration::from_secs(60), Duration::from_secs(3)];
/// How long capacity is measured first, and the run before memory is looked at.
const BEFORE: Duration = Duration::from_secs(3);
const FACTOR: f64 = 10.0;
const QUEUE: usize = 100;

#[derive(Default)]
struct Answers {
    accepted: Vec<Duration>,
    turned_away: Vec<Duration>,
    /// The first words of what should not have happened.
    lost: Vec<String>,
}

pub(crate) fn run(quick: bool) {
    let length = LENGTH[usize::from(quick)];
    let slots = thread::available_parallelism().map_or(1, usize::from) * 2;
    let config = ServerConfig { queue_length: QUEUE, ..ServerConfig::default() };
    let server = Served::start_with(served::options(slots, Start::Zygote), config);
    let before = Instant::now();
    let capacity = sustained::work(&server, slots, before + BEFORE).len() as f64
        / before.elapsed().as_secs_f64();
    let rate = capacity * FACTOR;
    println!(
        "\n{rate:.0} requests a second for {length:?}, ten times what {slots} clients got; \
         {slots} slots, a queue of {QUEUE}"
    );
    let runtime =
        runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    // Connections and buffers come to be in the first seconds.
    runtime.block_on(offer(&server, rate, BEFORE));
    let early = memory_mib();
    let answers = runtime.block_on(offer(&server, rate, length));
    let late = memory_mib();
    drop(server.take());
    let Answers { accepted, turned_away, lost } = answers;
    let all = accepted.len() + turned_away.len() + lost.len();
    println!("{:32}{:>13}{:>13}{:>13}", "", "requests", "median", "p99");
    for (name, samples) in [("done (200)", accepted), ("turned away (503)", turned_away)] {
        let samples = Samples::new(samples);
        let (count, median, p99) = (samples.len(), samples.median(), samples.p99());
        println!("{name:32}{count:>13}{median:>10.2} ms{p99:>10.2} ms");
    }
    println!("{:32}{:>13}", "without such an answer", lost.len());
    println!(
        "{:32}{early:>9.1} MiB at first, {late:.1} MiB at last",
        "memory of server and clients"
    );
    lost.iter().take(3).for_each(|error| println!("    {error}"));
    println!("goal {}", goal(&format!("an answer to each of {all}"), lost.is_empty()));
    println!("goal {}", goal("flat memory (less than 16 MiB more)", late < early + 16.0));
}

/// At this rate, whatever comes back and when.
async fn offer(server: &Served, rate: f64, length: Duration) -> Answers {
    let client = Client::new(server.url()).unwrap();
    let answers = Arc::new(Mutex::new(Answers::default()));
    let mut requests = JoinSet::new();
    let begun = Instant::now();
    let mut sent = 0_u64;
    while begun.elapsed() < length {
        while (sent as f64) < begun.elapsed().as_secs_f64() * rate {
            sent += 1;
            requests.spawn(ask(client.clone(), Arc::clone(&answers)));
        }
        while requests.try_join_next().is_some() {}
        time::sleep(Duration::from_millis(1)).await;
    }
    while requests.join_next().await.is_some() {}
    drop(requests);
    std::mem::take(&mut *answers.lock().unwrap())
}

async fn ask(client: Client, answers: Arc<Mutex<Answers>>) {
    let archive = Archive::from_map([("main.py", "print(1)")]).unwrap();
    let before = Instant::now();
    let result = client.execute_sync(&archive, &Metadata::new("main.py")).await;
    let took = before.elapsed();
    let mut answers = answers.lock().unwrap();
    match result {
        Ok(result) if result.stdout == "1\n" => answers.accepted.push(took),
        Ok(result) => answers.lost.push(format!("{result:?}")),
        Err(error) if error.status().is_some_and(|status| status == 503) => {
            answers.turned_away.push(took);
        }
        Err(error) => answers.lost.push(format!("{error:?}")),
    }
}

/// Of this process, which is server and clients.
fn memory_mib() -> f64 {
    let text = fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
}
