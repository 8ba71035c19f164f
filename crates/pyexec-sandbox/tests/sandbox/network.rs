//! Executions with a network of their own, by pasta.
//!
//! Nothing here aims at an address outside: the tests run again in a network namespace that plays
//! the host, connected to another one that plays the world, with documentation addresses.

use crate::{again::as_ordinary_user, harness::job};
use pyexec_sandbox::{
    Captured, End, Finished, Job, Network, Observer, OutputStream, Sandbox, SandboxOptions, Stop,
};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open},
};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket},
    os::{fd::OwnedFd, unix::fs::PermissionsExt},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::Duration,
};

/// What this process is to be, where it was started by one of these tests.
const PART: &str = "PYEXEC_TEST_NETWORK_PART";

/// The second address stands for another interface of the host.
const HOST_SETUP: &str = "
ip link set lo up
ip link add v0 type veth peer name v1
ip link set v1 netns $1
nsenter --target $1 --net -- sh -euc '
ip link set lo up
ip link set v1 up
ip addr add 192.0.2.1/24 dev v1
ip addr add 169.254.169.254/32 dev v1
ip -6 addr add 2001:db8::1/64 dev v1 nodad
ip -6 addr add fe80::1/64 dev v1 nodad
'
ip link set v0 up
ip addr add 192.0.2.2/24 dev v0
ip addr add 198.51.100.7/24 dev v0
ip -6 addr add 2001:db8::2/64 dev v0 nodad
ip route add default via 192.0.2.1
ip -6 route add default via fe80::1 dev v0
";

const WORLD_PORT: u16 = 8000;

/// This binary again, as a part of a test, in namespaces of its own.
fn play(part: &str, unshare: &[&str]) -> Command {
    let mut command = Command::new("unshare");
    command.args(unshare);
    command.arg(std::env::current_exe().unwrap());
    command.args(["--exact", "--nocapture", &format!("network::{part}")]).env(PART, part);
    command
}

fn is_part(part: &str) -> bool {
    std::env::var_os(PART).is_some_and(|value| value == part)
}

/// Runs a part in a namespace that plays the host. What is missing here fails in continuous
/// integration, which installs it, and is said elsewhere.
fn on_a_host(part: &str) {
    let missing = |program: &str| Command::new(program).arg("--help").output().is_err();
    if let Some(program) = ["pasta", "ip", "unshare", "nsenter"].into_iter().find(|p| missing(p)) {
        assert!(
            std::env::var_os("PYEXEC_TEST_REQUIRE_PASTA").is_none(),
            "`{program}` is missing: install passt, iproute2 and util-linux"
        );
        println!("skipped: `{program}` is missing: install passt, iproute2 and util-linux");
        return;
    }
    let mut unshare = vec!["--net", "--mount"];
    if !rustix::process::geteuid().is_root() {
        unshare.extend(["--user", "--map-root-user"]);
    }
    let output = play(part, &unshare).output().unwrap();
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

/// The namespace in which this process is becomes a host with a world around it.
struct World {
    process: Child,
    _resolver: tempfile::NamedTempFile,
}

impl World {
    fn new(resolver: &str) -> Self {
        let mut process =
            play("world", &["--net"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().contains("the world is ready")));
        let mut file = tempfile::NamedTempFile::new_in("/var/tmp").unwrap();
        writeln!(file, "nameserver {resolver}").unwrap();
        // pasta runs as nobody in particular.
        std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o644)).unwrap();
        let set_up = Command::new("sh")
            .args(["-euc", &format!("mount --bind $2 /etc/resolv.conf{HOST_SETUP}"), "sh"])
            .arg(process.id().to_string())
            .arg(file.path())
            .status();
        assert!(set_up.unwrap().success());
        Self { process, _resolver: file }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // It ends with its standard input.
        drop(self.process.stdin.take());
        self.process.wait().unwrap();
    }
}

/// Says hello to whoever connects, and counts them.
fn greet(listener: TcpListener) -> Arc<AtomicUsize> {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            counted.fetch_add(1, Ordering::Relaxed);
            let _ = stream.write_all(b"hello");
        }
    });
    count
}

/// Sends back what comes, and counts it.
fn echo(socket: UdpSocket) -> Arc<AtomicUsize> {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    std::thread::spawn(move || {
        let mut buffer = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            counted.fetch_add(1, Ordering::Relaxed);
            let _ = socket.send_to(&buffer[..length], from);
        }
    });
    count
}

/// Answers every question for an IPv4 address with 192.0.2.1, any other with nothing.
fn answer_names(socket: UdpSocket) {
    std::thread::spawn(move || {
        let mut query = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut query) {
            let mut question = 12;
            while query[question] != 0 {
                question += 1 + usize::from(query[question]);
            }
            let is_a = query[question + 1..question + 3] == [0, 1];
            let mut answer = query[..question + 5].to_vec();
            // A response without error, to one question, with one answer or none.
            answer[2..12].copy_from_slice(&[0x84, 0, 0, 1, 0, u8::from(is_a), 0, 0, 0, 0]);
            if is_a {
                answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1]);
            }
            assert!(length >= question + 5);
            let _ = socket.send_to(&answer, from);
        }
    });
}

#[test]
fn world() {
    if !is_part("world") {
        return;
    }
    greet(TcpListener::bind((Ipv6Addr::UNSPECIFIED, WORLD_PORT)).unwrap());
    echo(UdpSocket::bind((Ipv6Addr::UNSPECIFIED, WORLD_PORT)).unwrap());
    answer_names(UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 53)).unwrap());
    println!("the world is ready");
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

fn start() -> Sandbox {
    let network = Network::pasta().unwrap();
    Sandbox::start(SandboxOptions { network, ..SandboxOptions::default() }).unwrap()
}

fn connected(code: &str) -> Job {
    let mut job = job(&[("main.py", code)]);
    job.network = true;
    job
}

fn run(sandbox: &Sandbox, job: Job) -> (Finished, String) {
    let mut output = Captured::default();
    let finished = sandbox.run(job, &mut output, &Stop::new().unwrap()).unwrap();
    let text = [output.stdout, output.stderr].concat();
    (finished, String::from_utf8(text).unwrap())
}

/// Functions of a script: every way that a socket may take.
const TRY: &str = r#"
import socket, os
def reach(host, port, kind=socket.SOCK_STREAM, device=None, patience=5):
    family = socket.AF_INET6 if ':' in host else socket.AF_INET
    with socket.socket(family, kind) as s:
        s.settimeout(patience)
        try:
            if device: s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device)
            s.connect((host, port))
            if kind == socket.SOCK_DGRAM: s.send(b'hello')
            return s.recv(5).decode()
        except OSError as e: return type(e).__name__ + ' ' + str(e.strerror or e)
def every(host, port):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        for device in (None, b'eth0'):
            answer = reach(host, port, kind, device, 0.3)
            if 'hello' in answer: print('REACHED', host, port, kind, device)
            else: print('closed', host, answer)
def names():
    found = []
    for i in range(1, 50):
        try: found.append(socket.if_indextoname(i))
        except OSError: pass
    return found
"#;

#[test]
fn a_connected_execution_reaches_the_world_and_nothing_of_the_host() {
    on_a_host("host");
}

#[test]
fn host() {
    if !is_part("host") {
        return;
    }
    let _world = World::new("192.0.2.1");
    let sandbox = start();
    assert_eq!(sandbox.isolation().network, "pasta");

    // What a script may do.
    let (finished, text) = run(
        &sandbox,
        connected(&format!(
            "{TRY}print(names())\nprint(reach('192.0.2.1', {WORLD_PORT}), reach('2001:db8::1', {WORLD_PORT}))\n\
             print(reach('192.0.2.1', {WORLD_PORT}, socket.SOCK_DGRAM), reach('2001:db8::1', {WORLD_PORT}, socket.SOCK_DGRAM))\n\
             print(socket.gethostbyname('made-up.example'))\n\
             s = socket.create_server(('127.0.0.1', 0)); c = socket.create_connection(s.getsockname()); print('loopback')\n"
        )),
    );
    assert_eq!(finished.end, End::Exited(0), "{text}");
    assert_eq!(text, "['lo', 'eth0']\nhello hello\nhello hello\n192.0.2.1\nloopback\n");

    // What it may not: services on the host's loopback, services on all its addresses, and what
    // the link itself has. The host reaches all of them.
    let (mut targets, mut counts) = (Vec::new(), Vec::new());
    for (listen, hosts) in [
        ("127.0.0.1", ["127.0.0.1", "192.0.2.2", "198.51.100.7"].as_slice()),
        ("::1", &["::1", "2001:db8::2"]),
        (
            "::",
            &[
                "127.0.0.1",
                "127.1.2.3",
                "192.0.2.2",
                "198.51.100.7",
                "::1",
                "2001:db8::2",
                "0.0.0.0",
            ],
        ),
    ] {
        let listener = TcpListener::bind((listen, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        counts.push(greet(listener));
        counts.push(echo(UdpSocket::bind(address).unwrap()));
        targets.extend(hosts.iter().map(|host| (*host, address.port())));
        assert_eq!(hello(SocketAddr::new(hosts[0].parse().unwrap(), address.port())), "hello");
    }
    targets.extend([("169.254.169.254", WORLD_PORT), ("fe80::1%eth0", WORLD_PORT)]);
    assert_eq!(hello(SocketAddr::from(([169, 254, 169, 254], WORLD_PORT))), "hello");
    let calls: Vec<_> =
        targets.iter().map(|(host, port)| format!("every({host:?}, {port})\n")).collect();
    let (finished, text) = run(&sandbox, connected(&format!("{TRY}{}", calls.concat())));
    assert_eq!(finished.end, End::Exited(0), "{text}");
    assert_eq!(text.lines().count(), targets.len() * 4, "{text}");
    assert!(!text.contains("REACHED"), "{text}");
    // Nor did a single packet arrive: one TCP connection each was our own.
    let counts: Vec<_> = counts.iter().map(|count| count.load(Ordering::Relaxed)).collect();
    assert_eq!(counts, [1, 0, 1, 0, 1, 0]);

    // Who didn't ask has none.
    let (_, text) = run(&sandbox, job(&[("main.py", &format!("{TRY}print(names())"))]));
    assert_eq!(text, "['lo']\n");
}

/// Names are looked up where the host does, even where only the host can.
#[test]
fn a_resolver_on_the_hosts_loopback_answers() {
    on_a_host("resolver");
}

#[test]
fn resolver() {
    if !is_part("resolver") {
        return;
    }
    let _world = World::new("127.0.0.1");
    answer_names(UdpSocket::bind((Ipv4Addr::LOCALHOST, 53)).unwrap());
    let code = "import socket; print(socket.gethostbyname('made-up.example'))";
    let (finished, text) = run(&start(), connected(code));
    assert_eq!((finished.end, text.as_str()), (End::Exited(0), "192.0.2.1\n"));
}

/// An ordinary user who isn't root of a namespace either, as these tests are when one runs them.
#[test]
fn an_ordinary_user_gets_the_network_too() {
    if rustix::process::geteuid().is_root() && am_root() {
        on_a_host("ordinary");
    }
}

#[test]
fn ordinary() {
    if is_part("ordinary") {
        let _world = World::new("192.0.2.1");
        let (mut command, _, _folder) = as_ordinary_user("");
        let part = ["--exact", "--nocapture", "network::user"];
        let output = command.args(part).env(PART, "user").output().unwrap();
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success() && text.contains("1 passed"), "{text}");
    }
}

#[test]
fn user() {
    if is_part("user") {
        let code = format!(
            "{TRY}print(socket.gethostbyname('made-up.example'), reach('192.0.2.1', {WORLD_PORT}))"
        );
        let (finished, text) = run(&start(), connected(&code));
        assert_eq!((finished.end, text.as_str()), (End::Exited(0), "192.0.2.1 hello\n"));
        assert_eq!(pastas(std::process::id() as i32), Vec::<i32>::new());
    }
}

#[test]
fn pasta_ends_with_its_sandbox_and_holds_nothing_of_ours() {
    on_a_host("ends");
}

/// Waits, reachable for whoever could.
const HELD: &str = "import socket, time\n\
    s = socket.create_server(('0.0.0.0', 7777))\nprint('up', flush=True)\ntime.sleep(600)";

#[test]
fn ends() {
    if !is_part("ends") {
        return;
    }
    let _world = World::new("192.0.2.1");
    let own = std::process::id() as i32;
    let sandbox = start();
    assert_eq!(pastas(own), Vec::<i32>::new(), "that of the trial is gone");

    // It ends with the execution, however that ends.
    held(&sandbox, |stop| {
        let [pasta] = pastas(own)[..] else { panic!("{:?}", descendants(own)) };
        let ours: Vec<_> =
            [own, sandbox.launcher_id() as i32].into_iter().flat_map(descriptors).collect();
        let shared = descriptors(pasta);
        let shared: Vec<_> = shared.iter().filter(|name| ours.contains(name)).collect();
        assert!(shared.is_empty(), "{shared:?}");
        let status = std::fs::read_to_string(format!("/proc/{pasta}/status")).unwrap();
        let user = status.lines().find(|line| line.starts_with("Uid:")).unwrap();
        assert!(!user.split_whitespace().any(|id| id == "0") || !am_root(), "{user}");
        // No way in.
        for host in [[127, 0, 0, 1], [192, 0, 2, 2], [198, 51, 100, 7]] {
            let error = TcpStream::connect(SocketAddr::from((host, 7777))).unwrap_err();
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
        }
        stop.stop();
        End::Killed
    });
    assert_eq!(pastas(own), Vec::<i32>::new());
    let mut slow = connected(HELD);
    slow.limits.timeout = Duration::from_secs(1);
    assert_eq!(run(&sandbox, slow).0.end, End::TimedOut);
    assert_eq!(pastas(own), Vec::<i32>::new());

    // It ends with the launcher.
    held(&sandbox, |_| {
        let all = watched(sandbox.launcher_id() as i32);
        let launcher = Pid::from_raw(sandbox.launcher_id() as i32).unwrap();
        kill_process(launcher, Signal::KILL).unwrap();
        until_all_end(all);
        End::Lost
    });
    // It ends where its minder alone dies, and the execution goes on without.
    held(&sandbox, |stop| {
        let [pasta] = pastas(own)[..] else { panic!("{:?}", descendants(own)) };
        let (_, minder) = parents().into_iter().find(|(pid, _)| *pid == pasta).unwrap();
        let pasta = vec![watch(pasta)];
        kill_process(Pid::from_raw(minder).unwrap(), Signal::KILL).unwrap();
        until_all_end(pasta);
        stop.stop();
        End::Killed
    });
    drop(sandbox);

    // It ends with the server.
    let mut server = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", "network::server"])
        .env(PART, "server")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("it is up")));
    let all = watched(server.id() as i32);
    server.kill().unwrap();
    server.wait().unwrap();
    until_all_end(all);
}

#[test]
fn server() {
    if is_part("server") {
        held(&start(), |_| {
            println!("it is up");
            End::Killed
        });
    }
}

fn am_root() -> bool {
    // Of the machine, not only of a namespace.
    std::fs::read_to_string("/proc/self/uid_map").unwrap().contains("4294967295")
}

/// Runs [`HELD`], and does something once it is up.
fn held(sandbox: &Sandbox, meanwhile: impl FnOnce(&Stop) -> End) {
    struct Tell(mpsc::Sender<()>);
    impl Observer for Tell {
        fn output(&mut self, _: OutputStream, _: &[u8]) {
            let _ = self.0.send(());
        }
    }
    let (tell, told) = mpsc::channel();
    let stop = Stop::new().unwrap();
    std::thread::scope(|scope| {
        let run = scope.spawn(|| sandbox.run(connected(HELD), &mut Tell(tell), &stop).unwrap().end);
        told.recv_timeout(Duration::from_secs(20)).unwrap();
        let expected = meanwhile(&stop);
        assert_eq!(run.join().unwrap(), expected);
    });
}

/// Every process and its parent.
fn parents() -> Vec<(i32, i32)> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    entries
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
            // `pid (name) state ppid …`, proc_pid_stat(5)
            let (_, tail) = stat.rsplit_once(") ")?;
            Some((pid, tail.split(' ').nth(1)?.parse().ok()?)).filter(|_| !tail.starts_with('Z'))
        })
        .collect()
}

fn descendants(of: i32) -> Vec<i32> {
    let all = parents();
    let mut found = vec![of];
    let mut next = 0;
    while let Some(parent) = found.get(next).copied() {
        found.extend(all.iter().filter(|(_, of)| *of == parent).map(|(pid, _)| *pid));
        next += 1;
    }
    found.split_off(1)
}

/// Those of pasta, whose program may be called by its other name.
fn pastas(of: i32) -> Vec<i32> {
    let mut found = descendants(of);
    found.retain(|pid| {
        let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        name.starts_with("pasta") || name.starts_with("passt")
    });
    found
}

/// Holds on to every descendant but those that play the world.
fn watched(of: i32) -> Vec<(String, OwnedFd)> {
    assert_eq!(pastas(of).len(), 1);
    let is_ours = |pid: &i32| {
        let line = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        !line.contains("network::world")
    };
    descendants(of).into_iter().filter(is_ours).map(watch).collect()
}

/// Name and pidfd.
fn watch(pid: i32) -> (String, OwnedFd) {
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap();
    (name, pidfd_open(Pid::from_raw(pid).unwrap(), PidfdFlags::empty()).unwrap())
}

fn until_all_end(processes: Vec<(String, OwnedFd)>) {
    let patience = Timespec { tv_sec: 20, tv_nsec: 0 };
    for (name, process) in processes {
        let ended = poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&patience));
        assert_eq!(ended, Ok(1), "{name} lives on");
    }
}

/// What a process's descriptors lead to, as far as that is one thing alone and no namespace, which
/// pasta has to know; nothing where we may not look.
fn descriptors(of: i32) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(format!("/proc/{of}/fd")).into_iter().flatten().flatten();
    let links = entries.filter_map(|entry| std::fs::read_link(entry.path()).ok());
    let common = |link: &PathBuf| {
        ["/dev/", "anon_inode:", "net:"]
            .iter()
            .any(|start| link.to_string_lossy().starts_with(start))
    };
    links.filter(|link| !common(link)).collect()
}

fn hello(address: SocketAddr) -> String {
    let mut text = String::new();
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(5)).unwrap();
    stream.read_to_string(&mut text).unwrap();
    text
}
