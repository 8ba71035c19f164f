//! `cargo bench -p pyexec-server --bench clients`: what our clients add to a request beside the
//! bare libraries that they are made of, and how fast they upload beside curl, alternating in one
//! run. Prints medians, and the ratios, which are what carries over between machines. `-- --quick`
//! for fewer rounds.
#![allow(missing_docs, clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark")]

#[cfg(target_os = "linux")]
fn main() {
    linux::main();
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("the server needs Linux");
}

#[cfg(target_os = "linux")]
mod linux {
    use pyexec_core::{
        Archive,
        types::{Health, Metadata},
    };
    use pyexec_server::EmbeddedServer;
    use std::{
        fs::{self, File},
        io::{self, Read, Write},
        net::{Ipv4Addr, TcpListener, TcpStream},
        path::{Path, PathBuf},
        process::Command,
        sync::Arc,
        thread,
        time::{Duration, Instant},
    };
    use tempfile::TempDir;
    use tokio::runtime::{self, Runtime};

    const BLOCKS: [usize; 2] = [20, 4];
    const REQUESTS: usize = 200;
    const UPLOADS: [usize; 2] = [5, 2];
    const UPLOAD_BYTES: usize = 1 << 30;
    const WARM_UP: usize = 1;
    /// Where curl is among the contenders, if it is.
    const CURL: usize = 2;
    /// What both of our clients set where the user doesn't, and so the bare libraries here: with a
    /// limit on the whole request ureq looks names up in a thread of its own.
    const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
    const TIMEOUT: Duration = pyexec_core::DEFAULT_TIMEOUT;

    pub(crate) fn main() {
        let arguments: Vec<_> = std::env::args().skip(1).filter(|it| it != "--bench").collect();
        let pace = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            [] => 0,
            ["--quick"] => 1,
            _ => panic!("the only option is --quick"),
        };
        let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
        compare_requests(BLOCKS[pace], &runtime);
        compare_uploads(UPLOADS[pace], &runtime);
    }

    fn compare_requests(blocks: usize, runtime: &Runtime) {
        println!("GET /health, medians of {} requests; less is better", blocks * REQUESTS);
        let server = EmbeddedServer::start().unwrap();
        let url = format!("{}/health", server.url());
        let authorization = format!("Bearer {}", server.token());

        let client = pyexec_blocking::Client::builder(server.url()).bearer_token(server.token());
        let client = client.build().unwrap();
        let bare = bare_ureq();
        let ours = || block(|| client.health().unwrap());
        let theirs = || block(|| health_by_ureq(&bare, &url, &authorization));
        report_requests(blocks, [("pyexec-blocking", &ours), ("ureq", &theirs)]);

        let client = pyexec_async::Client::builder(server.url()).bearer_token(server.token());
        let client = client.build().unwrap();
        let bare = bare_reqwest();
        let ours = || runtime.block_on(async_block(async || client.health().await.unwrap()));
        let theirs = || {
            runtime.block_on(async_block(async || {
                health_by_reqwest(&bare, &url, &authorization).await
            }))
        };
        report_requests(blocks, [("pyexec-async", &ours), ("reqwest", &theirs)]);
    }

    fn report_requests(blocks: usize, contenders: [(&str, &dyn Fn() -> Vec<Duration>); 2]) {
        let medians = medians(blocks, &contenders.map(|it| it.1));
        let [ours, bare] = [0, 1].map(|index| medians[index].as_secs_f64() * 1e6);
        let [our_name, bare_name] = contenders.map(|it| it.0);
        println!(
            "  {our_name:<15} {ours:>7.1} µs   {bare_name:<7} {bare:>7.1} µs   ours / bare {:.2}",
            ours / bare
        );
    }

    /// As ours is, but for the time limit, which each request of ours has.
    fn bare_ureq() -> ureq::Agent {
        let config = ureq::Agent::config_builder();
        config
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_global(Some(TIMEOUT))
            .proxy(None)
            .build()
            .into()
    }

    fn health_by_ureq(agent: &ureq::Agent, url: &str, authorization: &str) -> Health {
        let mut response = agent.get(url).header("authorization", authorization).call().unwrap();
        serde_json::from_slice(&response.body_mut().read_to_vec().unwrap()).unwrap()
    }

    fn bare_reqwest() -> reqwest::Client {
        // Whatever features others ask of reqwest, there is nothing encrypted here.
        let ring = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(ring)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
        let builder =
            reqwest::Client::builder().connect_timeout(CONNECT_TIMEOUT).timeout(TIMEOUT).no_proxy();
        builder.tls_backend_preconfigured(tls).build().unwrap()
    }

    async fn health_by_reqwest(http: &reqwest::Client, url: &str, authorization: &str) -> Health {
        let request = http.get(url).header("authorization", authorization);
        let response = request.send().await.unwrap().error_for_status().unwrap();
        serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
    }

    /// The times of one block's requests.
    fn block(request: impl Fn() -> Health) -> Vec<Duration> {
        let timed = |_| {
            let before = Instant::now();
            assert_eq!(request().status, "ok");
            before.elapsed()
        };
        (0..REQUESTS).map(timed).collect()
    }

    async fn async_block(request: impl AsyncFn() -> Health) -> Vec<Duration> {
        let mut times = Vec::with_capacity(REQUESTS);
        for _ in 0..REQUESTS {
            let before = Instant::now();
            assert_eq!(request().await.status, "ok");
            times.push(before.elapsed());
        }
        times
    }

    fn compare_uploads(rounds: usize, runtime: &Runtime) {
        let work = work_directory();
        let parent = work.path().parent().unwrap().display();
        println!("uploads of 1 GiB from {parent}, medians of {rounds}; more is better");
        let (project, tar) = make_project(work.path());
        let url = start_sink();
        let metadata = Metadata::new("data.bin");
        let blocking = pyexec_blocking::Client::new(&url).unwrap();
        let concurrent = pyexec_async::Client::new(&url).unwrap();

        let by_blocking = || timed(|| blocking.execute_async(&project, &metadata).unwrap());
        let by_async =
            || timed(|| runtime.block_on(concurrent.execute_async(&project, &metadata)).unwrap());
        let by_curl = || vec![upload_by_curl(&url, &tar)];
        let mut uploads: Vec<(_, &dyn Fn() -> Vec<Duration>)> =
            vec![("pyexec-blocking".into(), &by_blocking), ("pyexec-async".into(), &by_async)];
        match curl_version() {
            Ok(version) => uploads.push((version, &by_curl)),
            Err(error) => println!("  no curl to compare with: {error}"),
        }
        let contenders: Vec<_> = uploads.iter().map(|it| it.1).collect();
        let medians = medians(rounds, &contenders);
        let rate = |index: usize| UPLOAD_BYTES as f64 / 1e6 / medians[index].as_secs_f64();
        for (index, (name, _)) in uploads.iter().enumerate() {
            print!("  {name:<15} {:>7.0} MB/s", rate(index));
            if index < CURL && uploads.len() > CURL {
                print!("   ours / curl {:.2}", rate(index) / rate(CURL));
            }
            println!();
        }
    }

    /// In memory where there is room, so that no disk is measured.
    fn work_directory() -> TempDir {
        let shared_memory = Path::new("/dev/shm");
        let room = rustix::fs::statvfs(shared_memory).map_or(0, |it| it.f_bavail * it.f_frsize);
        // The project, the same as a tar, and a little more.
        let fits = room > 2 * UPLOAD_BYTES as u64 + (64 << 20);
        if fits { TempDir::new_in(shared_memory).unwrap() } else { TempDir::new().unwrap() }
    }

    /// A directory's archive, and the same on disk for those who can't make one as they send it.
    fn make_project(work: &Path) -> (Archive, PathBuf) {
        let directory = work.join("project");
        fs::create_dir(&directory).unwrap();
        let mut file = File::create(directory.join("data.bin")).unwrap();
        // Without zeros, which may be taken for a hole.
        let chunk: Vec<_> = (0..1 << 20).map(|index| (index % 251 + 1) as u8).collect();
        for _ in 0..UPLOAD_BYTES / chunk.len() {
            file.write_all(&chunk).unwrap();
        }
        let archive = Archive::from_directory(&directory).unwrap();
        let tar = work.join("code.tar");
        io::copy(&mut archive.open(), &mut File::create(&tar).unwrap()).unwrap();
        (archive, tar)
    }

    fn curl_version() -> io::Result<String> {
        let output = Command::new("curl").arg("--version").output()?.stdout;
        let version = String::from_utf8_lossy(&output);
        Ok(version.split(' ').take(2).collect::<Vec<_>>().join(" "))
    }

    /// By curl's own clock, which leaves out how long it takes to start.
    fn upload_by_curl(url: &str, tar: &Path) -> Duration {
        let output = Command::new("curl")
            .args(["-q", "--silent", "--show-error", "--fail", "--noproxy", "*"])
            .args(["--output", "/dev/null", "--write-out", "%{time_total}"])
            .args(["-F", r#"metadata={"entrypoint":"data.bin"}"#, "-F"])
            .arg(format!("tar=@{};filename=code.tar", tar.display()))
            .arg(format!("{url}/api/v1/exec/async"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Duration::from_secs_f64(String::from_utf8(output.stdout).unwrap().parse().unwrap())
    }

    /// A server that drops what it gets, so that the senders are measured.
    fn start_sink() -> String {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        thread::spawn(move || {
            let mut buffer = vec![0; 256 << 10];
            for stream in listener.incoming() {
                swallow(stream.unwrap(), &mut buffer).unwrap();
            }
        });
        url
    }

    fn swallow(mut stream: TcpStream, buffer: &mut [u8]) -> io::Result<()> {
        let mut got = 0;
        let head_bytes = loop {
            let count = stream.read(&mut buffer[got..])?;
            assert!(count > 0, "no whole head");
            got += count;
            if let Some(end) = buffer[..got].windows(4).position(|it| it == b"\r\n\r\n") {
                break end + 4;
            }
        };
        let head = String::from_utf8_lossy(&buffer[..head_bytes]).to_ascii_lowercase();
        let header = |name| head.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        if header("expect:") == Some("100-continue") {
            stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        let size: usize = header("content-length:").unwrap().parse().unwrap();
        assert!(size > UPLOAD_BYTES, "an upload of {size} bytes");
        let mut left = size - (got - head_bytes);
        while left > 0 {
            let most = left.min(buffer.len());
            stream.read_exact(&mut buffer[..most])?;
            left -= most;
        }
        stream.write_all(
            b"HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 24\r\n\
              Connection: close\r\n\r\n{\"execution_id\":\"exe_1\"}",
        )
    }

    fn timed<T>(work: impl FnOnce() -> T) -> Vec<Duration> {
        let before = Instant::now();
        work();
        vec![before.elapsed()]
    }

    /// The contenders take turns, so that what else the machine does hits all of them. Who begins
    /// changes, since one may profit from what another left behind.
    fn medians(rounds: usize, contenders: &[&dyn Fn() -> Vec<Duration>]) -> Vec<Duration> {
        let mut times = vec![Vec::new(); contenders.len()];
        for round in 0..WARM_UP + rounds {
            for turn in 0..contenders.len() {
                let index = (round + turn) % contenders.len();
                let measured = contenders[index]();
                if round >= WARM_UP {
                    times[index].extend(measured);
                }
            }
        }
        times.iter_mut().for_each(|times| times.sort_unstable());
        times.iter().map(|times| times[times.len() / 2]).collect()
    }
}
