//! One execution at a time, by everyone in turn.

use crate::{
    contenders, phases,
    served::{self, Served},
    stats::{Samples, goal, time},
};
use pyexec_blocking::Client;
use pyexec_core::{
    Archive,
    types::{Metadata, SimpleExecRequest},
};
use pyexec_sandbox::Start;
use std::{process::Command, thread, time::Duration};

const ROUNDS: [usize; 2] = [200, 20];
const WARM_UP: usize = 5;
/// Before each: whoever was before has cleaned up, and the pool is as it is to be.
const PAUSE: Duration = Duration::from_millis(25);

/// One line of the table.
struct Contender {
    name: String,
    run: Box<dyn FnMut()>,
    samples: Vec<Duration>,
}

/// Where the two are that the goals are about, beside the bare interpreter at 0.
const WARM: usize = 1;
const STRICT: usize = 3;

pub(crate) fn run(quick: bool) {
    let rounds = ROUNDS[usize::from(quick)];
    let warm = Served::start(served::options(1, Start::Zygote));
    let empty = Served::start(served::options(0, Start::Zygote));
    let strict = Served::start(served::options(0, Start::Strict));
    let mut contenders = contenders([&warm, &empty, &strict]);
    let mut others = Vec::new();
    for round in 0..WARM_UP + rounds {
        for (index, contender) in contenders.iter_mut().enumerate() {
            thread::sleep(PAUSE);
            drop(warm.take());
            let took = time(&mut contender.run);
            if round < WARM_UP {
                continue;
            }
            contender.samples.push(took);
            if index == WARM {
                others.extend(warm.take().into_iter().map(|seen| (took, seen)));
            }
        }
    }
    let isolation = warm.client().health().unwrap().isolation.unwrap();
    println!(
        "one at a time, {rounds} of each in turn, Python {}, isolation {} by {}",
        served::interpreter().version(),
        isolation.level,
        isolation.limits
    );
    print(contenders);
    phases::print(others);
}

fn contenders([warm, empty, strict]: [&Served; 3]) -> Vec<Contender> {
    let interpreter = served::interpreter();
    let version = interpreter.version();
    let new = |name: String, run: Box<dyn FnMut()>| Contender { name, run, samples: Vec::new() };
    let program = |mut command: Command| Box::new(move || contenders::run(&mut command));
    let mut all = vec![
        new(format!("bare python{version} -c 'print(1)'"), program(contenders::bare(&interpreter))),
        new("exec/sync, warm: a copy waits".into(), exec(warm.client())),
        new("exec/sync, empty pool".into(), exec(empty.client())),
        new("exec/sync, strict: cold".into(), exec(strict.client())),
        new("eval of 2+2, warm".into(), eval(warm.client())),
        new("eval of 2+2, empty pool".into(), eval(empty.client())),
    ];
    for (name, command) in [
        ("bubblewrap", contenders::bubblewrap(&interpreter)),
        ("docker run --rm", contenders::docker()),
    ] {
        match command {
            Ok(command) => all.push(new(name.into(), program(command))),
            Err(why) => println!("without {name}: {why}"),
        }
    }
    let client = warm.client();
    let health = move || assert_eq!(client.health().unwrap().status, "ok");
    all.push(new("GET /health".into(), Box::new(health)));
    all
}

fn exec(client: Client) -> Box<dyn FnMut()> {
    let archive = Archive::from_map([("main.py", "print(1)")]).unwrap();
    let metadata = Metadata::new("main.py");
    Box::new(move || {
        let result = client.execute_sync(&archive, &metadata).unwrap();
        assert_eq!(result.stdout, "1\n");
    })
}

fn eval(client: Client) -> Box<dyn FnMut()> {
    let request = SimpleExecRequest::new("2+2");
    Box::new(move || {
        let result = client.eval(&request).unwrap();
        assert_eq!(result.result.as_deref(), Some("4"));
    })
}

fn print(contenders: Vec<Contender>) {
    println!("{:32}{:>13}{:>13}{:>14}", "", "median", "p99", "median/bare");
    let contenders = contenders.into_iter().map(|it| (it.name, Samples::new(it.samples)));
    let contenders: Vec<_> = contenders.collect();
    let bare = contenders[0].1.median();
    for (name, samples) in &contenders {
        let (median, p99) = (samples.median(), samples.p99());
        println!("{name:32}{median:>10.2} ms{p99:>10.2} ms{:>14.2}", median / bare);
    }
    let (warm, strict) = (&contenders[WARM].1, &contenders[STRICT].1);
    let ratio = warm.median() / bare;
    for (text, met) in [
        ("warm median at most 6 ms", warm.median() <= 6.0),
        ("warm median at most 0.4 of bare", ratio <= 0.4),
        ("warm p99 at most 20 ms", warm.p99() <= 20.0),
        ("cold median at most 1.6 of bare", strict.median() / bare <= 1.6),
    ] {
        println!("goal {}", goal(text, met));
    }
}
