//! Anything over the network, from an execution that has none.
//!
//! This family runs in a network namespace that plays the host: what stands for clouds' own
//! addresses and private ranges is on an interface that exists there alone.

use crate::{
    case::{Case, script, steps},
    ground::{Ground, ensure},
};
use std::{
    net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket},
    process::Command,
    sync::{LazyLock, atomic::AtomicUsize, atomic::Ordering},
};

const NETWORK: &str = "network namespace";

pub(crate) fn cases() -> Vec<Case> {
    vec![
        steps("the_hosts_loopback", NETWORK, "`ECONNREFUSED`", loopback),
        steps("our_own_api_from_inside", NETWORK, "`ECONNREFUSED`", loopback),
        steps("addresses_of_clouds_and_private_ranges", NETWORK, "`ENETUNREACH`", addresses),
        steps("asking_for_names", NETWORK, "no answer", names),
        steps(
            "two_runs_on_one_port",
            NETWORK,
            "the port, each of them, and not the other",
            one_port,
        ),
        script(
            "interfaces_of_the_host",
            NETWORK,
            "loopback alone",
            r#"
for i in range(1, 200):
    try: name = socket.if_indextoname(i)
    except OSError: continue
    if name != 'lo': got(name)
for line in open('/proc/self/net/dev').read().splitlines()[2:]:
    if line.split(':')[0].strip() != 'lo': got(line)
for name in ('tcp', 'udp', 'unix', 'arp', 'route', 'fib_trie'):
    path = '/proc/self/net/' + name
    if os.path.exists(path): print(name, len(open(path).read().splitlines()))
"#,
        ),
        script(
            "raw_sockets",
            "system call list",
            "`EPERM`",
            r#"
for family in (socket.AF_INET, socket.AF_INET6):
    for kind, protocol in ((socket.SOCK_RAW, 1), (socket.SOCK_RAW, 58), (socket.SOCK_RAW, 255), (socket.SOCK_DGRAM, 1),
                           (socket.SOCK_DGRAM, 58), (socket.SOCK_STREAM, 262), (socket.SOCK_DGRAM, 136), (socket.SOCK_STREAM, 132)):
        attempt(f'{family} {kind} {protocol}', socket.socket, family, kind, protocol)
"#,
        ),
        script(
            "configuring_its_interface",
            "no capabilities",
            "`EPERM`",
            r#"
import fcntl
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for name, number in (('SIOCSIFADDR', 0x8916), ('SIOCSIFFLAGS', 0x8914), ('SIOCADDRT', 0x890b), ('SIOCBRADDBR', 0x89a0)):
    attempt(name, fcntl.ioctl, s, number, b'lo'.ljust(40, b'\0'))
attempt('TUN', lambda: open('/dev/net/tun', 'r+b'))
attempt('SO_MARK', s.setsockopt, socket.SOL_SOCKET, 36, 1)
"#,
        ),
    ]
}

/// Stand for clouds' own addresses, for private ranges, for another interface of the host.
const ADDRESSES: [&str; 6] = [
    "169.254.169.254",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.0.1",
    "100.100.100.200",
    "fd00:ec2::254",
];

/// Puts them on an interface of their own, once.
static INTERFACE: LazyLock<Result<(), String>> = LazyLock::new(|| {
    let add: String = ADDRESSES
        .iter()
        .map(|address| match address.contains(':') {
            true => format!("ip -6 addr add {address}/128 dev attacked nodad\n"),
            false => format!("ip addr add {address}/32 dev attacked\n"),
        })
        .collect();
    let set_up = format!(
        "ip link add attacked type dummy || ip link add attacked type veth peer name other\n\
         ip link set attacked up\n{add}"
    );
    let output = Command::new("sh").args(["-euc", &set_up]).output().unwrap();
    ensure(output.status.success(), String::from_utf8_lossy(&output.stderr))
});

/// Who listens at an address, and how often somebody came.
struct Service {
    tcp: SocketAddr,
    udp: SocketAddr,
    count: std::sync::Arc<AtomicUsize>,
}

impl Service {
    fn at(address: IpAddr) -> Self {
        let listener = TcpListener::bind((address, 0)).unwrap();
        let socket = UdpSocket::bind((address, 0)).unwrap();
        let count = std::sync::Arc::<AtomicUsize>::default();
        let service = Self {
            tcp: listener.local_addr().unwrap(),
            udp: socket.local_addr().unwrap(),
            count: count.clone(),
        };
        let counted = count.clone();
        std::thread::spawn(move || {
            for _ in listener.incoming().flatten() {
                counted.fetch_add(1, Ordering::Relaxed);
            }
        });
        std::thread::spawn(move || {
            while let Ok((_, from)) = socket.recv_from(&mut [0; 512]) {
                count.fetch_add(1, Ordering::Relaxed);
                let _ = socket.send_to(b"hello", from);
            }
        });
        service
    }

    fn code(&self) -> String {
        let host = self.tcp.ip().to_string();
        format!(
            "reach('tcp', {host:?}, {})\nreach('udp', {host:?}, {}, socket.SOCK_DGRAM)\n",
            self.tcp.port(),
            self.udp.port()
        )
    }
}

fn attack(ground: &Ground, services: &[Service]) -> Result<(), String> {
    let code: String = services.iter().map(Service::code).collect();
    let ran = ground.run(ground.script(&code))?;
    let came: usize = services.iter().map(|service| service.count.load(Ordering::Relaxed)).sum();
    ensure(came == 0 && ran.got().is_empty() && ran.stdout.ends_with("tried\n"), (came, ran))?;
    // We ourselves reach all of them.
    services.iter().try_for_each(|service| {
        TcpStream::connect(service.tcp).map(drop).map_err(|error| error.to_string())
    })
}

pub(crate) fn loopback(ground: &Ground) -> Result<(), String> {
    let addresses = ["127.0.0.1".parse().unwrap(), "127.1.2.3".parse().unwrap()];
    attack(ground, &addresses.map(Service::at))
}

fn addresses(ground: &Ground) -> Result<(), String> {
    INTERFACE.clone()?;
    attack(ground, &ADDRESSES.map(|address| Service::at(address.parse().unwrap())))
}

fn names(ground: &Ground) -> Result<(), String> {
    let service = Service::at("127.0.0.53".parse().unwrap());
    let code = format!(
        "attempt('name', socket.getaddrinfo, 'made-up.example', 80)\n\
         reach('resolver', '127.0.0.53', {}, socket.SOCK_DGRAM)\n\
         if open('/etc/resolv.conf').read(): got('its address')\n",
        service.udp.port()
    );
    let ran = ground.run(ground.script(&code))?;
    ensure(ran.got().is_empty() && service.count.load(Ordering::Relaxed) == 0, ran)
}

fn one_port(ground: &Ground) -> Result<(), String> {
    let serve = "s = socket.create_server(('127.0.0.1', 7777))\n";
    let first = ground.script(&format!("{serve}print('up', flush=True)\ntime.sleep(60)"));
    let second = ground.script(&format!("reach('the other', '127.0.0.1', 7777)\n{serve}"));
    let ran = ground.run_beside(first, second)?;
    ensure(ran.got().is_empty() && ran.stdout.ends_with("tried\n"), ran)
}
