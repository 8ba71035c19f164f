//! What works.

use crate::{
    errors::member,
    service::{POLL, SHARED, client, main_py, run, server, shared, with},
    suite::Subject,
};
use pyexec_core::{
    Archive,
    endpoints::ListExecutions,
    types::{CodeFile, ExecutionConfig, Metadata, Outcome, SimpleExecRequest, Status},
};

pub(crate) fn a_script_runs<S: Subject>() {
    let result = run::<S>("import sys; print('hi'); print('e', file=sys.stderr)");
    assert_eq!((result.stdout.as_str(), result.stderr.as_str()), ("hi\n", "e\n"));
    assert_eq!((&result.status, result.exit_code), (&Status::Completed, 0));
    assert_eq!(result.outcome, Some(Outcome::Exited));
    assert!(result.execution_id.as_str().starts_with("exe_"));
    assert_eq!(result.execution_id.as_str().len(), "exe_".len() + 36);
    assert!(result.started_at < result.finished_at);
    assert!(result.duration_ms.unwrap() > 0 && result.cpu_ms.unwrap() > 0);
    assert!(result.peak_memory_mb.unwrap() > 0);
    assert_eq!(result.isolation.as_deref(), Some("full"));
    // It can be fetched by its id, too.
    let again = shared::<S>().get_execution(&result.execution_id).unwrap();
    assert_eq!(again, result);
}

pub(crate) fn arguments_input_variables_and_commands<S: Subject>() {
    let metadata = Metadata {
        stdin: "in\nput é".into(),
        env_vars: vec!["A=1".into(), "B=x y=z".into()],
        script_args: vec!["--flag".into(), "it's".into()],
        pre_commands: vec!["echo pre # and".into(), "export C=3".into()],
        config: Some(ExecutionConfig {
            timeout_seconds: 60,
            network_disabled: Some(true),
            memory_mb: 512,
            disk_mb: 256,
            cpu_shares: 512,
        }),
        ..Metadata::new("main.py")
    };
    let code =
        "import os, sys\ne = os.environ\nprint(sys.argv, sys.stdin.read(), e['A'], e['B'], e['C'])";
    let result = shared::<S>().execute_sync(&main_py(code), &metadata).unwrap();
    assert_eq!(
        result.stdout, "pre\n['/work/main.py', '--flag', \"it's\"] in\nput é 1 x y=z 3\n",
        "{result:?}"
    );
}

pub(crate) fn input_that_is_no_text<S: Subject>() {
    // All bytes there are.
    let encoded = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0BBQkNERUZHSElKS0xNTk9QUVJTVFVWV1hZWltcXV5fYGFiY2RlZmdoaWprbG1ub3BxcnN0dXZ3eHl6e3x9fn+AgYKDhIWGh4iJiouMjY6PkJGSk5SVlpeYmZqbnJ2en6ChoqOkpaanqKmqq6ytrq+wsbKztLW2t7i5uru8vb6/wMHCw8TFxsfIycrLzM3Oz9DR0tPU1dbX2Nna29zd3t/g4eLj5OXm5+jp6uvs7e7v8PHy8/T19vf4+fr7/P3+/w==";
    let code = "import sys; print(sys.stdin.buffer.read() == bytes(range(256)))";
    let given = |stdin: &str, stdin_base64: &str| {
        let (stdin, stdin_base64) = (stdin.into(), stdin_base64.into());
        let metadata = Metadata { stdin, stdin_base64, ..Metadata::new("main.py") };
        shared::<S>().execute_sync(&main_py(code), &metadata)
    };
    assert_eq!(given("", encoded).unwrap().stdout, "True\n");
    for (stdin, base64, complaint) in
        [("", "a b", "stdin_base64 is no base64"), ("a", "YQ==", "both given")]
    {
        let error = given(stdin, base64).unwrap_err();
        assert_eq!(error.status().unwrap(), 400);
        assert!(error.to_string().contains(complaint), "{error}");
    }
}

pub(crate) fn exit_codes_and_signals<S: Subject>() {
    let result = run::<S>("import sys; sys.exit(3)");
    assert_eq!((result.status, result.exit_code), (Status::Completed, 3));
    let result = run::<S>("import os; os.kill(os.getpid(), 11)");
    assert_eq!((result.status, result.exit_code), (Status::Completed, 139));
    assert_eq!((result.outcome, result.signal), (Some(Outcome::Signaled), Some(11)));
    let result = run::<S>("x = 1\nraise ValueError('bad <&>')");
    assert_eq!(
        result.stderr,
        "Traceback (most recent call last):\n  File \"/work/main.py\", line 2, in <module>\n    \
         raise ValueError('bad <&>')\nValueError: bad <&>\n"
    );
    assert_eq!((result.status, result.exit_code), (Status::Completed, 1));
    assert_eq!((result.error_type.as_deref(), result.error_line), (Some("ValueError"), Some(2)));
    assert_eq!(result.traceback[0].file, "/work/main.py");
}

pub(crate) fn submit_wait_and_get<S: Subject>() {
    let client = shared::<S>();
    let archive = main_py("import time; time.sleep(1); print('done')");
    let id = client.execute_async(&archive, &Metadata::new("main.py")).unwrap();
    let early = client.get_execution(&id).unwrap();
    assert!(!early.status.is_terminal(), "{early:?}");
    let result = client.wait_for_completion(&id, POLL).unwrap();
    assert_eq!((result.status.clone(), result.stdout.as_str()), (Status::Completed, "done\n"));
    assert_eq!(client.get_execution(&id).unwrap(), result);
}

pub(crate) fn several_files_and_a_nested_entrypoint<S: Subject>() {
    let files = [
        ("app/main.py", "from lib import f; print(f(), __file__)"),
        ("app/lib.py", "def f(): return 'lib'"),
    ];
    let archive = Archive::from_map(files).unwrap();
    for entrypoint in ["app/main.py", "./app//main.py"] {
        let result = shared::<S>().execute_sync(&archive, &Metadata::new(entrypoint)).unwrap();
        assert_eq!(result.stdout, "lib /work/app/main.py\n", "{result:?}");
    }
}

pub(crate) fn links_are_kept_and_copied<S: Subject>() {
    let code = "import os
from pathlib import Path
print(__file__, os.readlink('main.py'), os.readlink('app/data'), Path('app/data/x').read_text())
assert os.readlink('nowhere') == 'none'
copy = Path('copy')
assert not copy.is_symlink() and copy.read_text() == 'shared' and copy.stat().st_nlink == 1
copy.write_text('changed')
print(Path('data/x').read_text())";
    let mut builder = Archive::builder();
    builder
        .add_symlink("main.py", "latest/run.py")
        .and_then(|builder| builder.add_symlink("latest", "app"))
        .and_then(|builder| builder.add_symlink("app/data", "../data"))
        .and_then(|builder| builder.add_symlink("nowhere", "none"))
        .and_then(|builder| builder.add_bytes("app/run.py", code))
        .and_then(|builder| builder.add_bytes("data/x", "shared"))
        .unwrap();
    // Only other programs write hard links.
    let mut tar = builder.build().to_vec().unwrap();
    tar.truncate(tar.len() - 1024);
    tar.extend(member("copy", b'1', "data/x"));
    let archive = Archive::from_tar_reader(&tar[..]).unwrap();
    let result = shared::<S>().execute_sync(&archive, &Metadata::new("main.py")).unwrap();
    let expected = "/work/main.py latest/run.py ../data shared\nshared\n";
    assert_eq!(result.stdout, expected, "{result:?}");
}

pub(crate) fn versions_and_images<S: Subject>() {
    let client = shared::<S>();
    let code = "import sys; print('%d.%d' % sys.version_info[:2])";
    for version in client.health().unwrap().python_versions {
        let request =
            SimpleExecRequest { python_version: version.clone(), ..SimpleExecRequest::new(code) };
        assert_eq!(client.eval(&request).unwrap().stdout.trim_end(), version);
        let metadata =
            Metadata { docker_image: format!("python:{version}-slim"), ..Metadata::new("main.py") };
        let result = client.execute_sync(&main_py(code), &metadata).unwrap();
        assert_eq!(result.stdout.trim_end(), version);
    }
}

pub(crate) fn eval_has_a_result<S: Subject>() {
    let client = shared::<S>();
    for (code, expected, stdout) in [
        ("2 + 2", Some("4"), ""),
        ("x = 10\ny = 5\nx * y", Some("50"), ""),
        ("import math\nmath.sqrt(16)", Some("4.0"), ""),
        ("print('hi')", None, "hi\n"),
        ("print('out', end='')\n'<é&>'", Some("'<é&>'"), "out"),
        ("x = 1", None, ""),
    ] {
        let result = client.eval(&SimpleExecRequest::new(code)).unwrap();
        assert_eq!(
            (result.result.as_deref(), result.stdout.as_str()),
            (expected, stdout),
            "{code}"
        );
    }
    let plain = SimpleExecRequest { eval_last_expr: false, ..SimpleExecRequest::new("2 + 2") };
    assert_eq!(client.eval(&plain).unwrap().result, None);

    let file = |name: &str, content: &str| CodeFile { name: name.into(), content: content.into() };
    let files = vec![file("first.py", "import h\nh.f()"), file("h.py", "def f(): return input()")];
    let request =
        SimpleExecRequest { files, stdin: "x\n".into(), ..SimpleExecRequest::new("ignored") };
    assert_eq!(client.eval(&request).unwrap().result.as_deref(), Some("'x'"));
    let files = vec![file("a.py", "1"), file("main.py", "2"), file("b.py", "3")];
    let mut request = SimpleExecRequest { files, ..SimpleExecRequest::new("") };
    assert_eq!(client.eval(&request).unwrap().result.as_deref(), Some("2"));
    request.entrypoint = "b.py".into();
    assert_eq!(client.eval(&request).unwrap().result.as_deref(), Some("3"));
}

pub(crate) fn eval_takes_variables_and_bytes<S: Subject>() {
    let request = |env: &str, stdin_base64: &str| {
        let code = "import os, sys; os.environ['A'], sys.stdin.buffer.read()";
        shared::<S>().eval(&SimpleExecRequest {
            stdin_base64: stdin_base64.into(),
            env_vars: vec![env.into()],
            ..SimpleExecRequest::new(code)
        })
    };
    let result = request("A=x=\"é\"", "/w==").unwrap();
    assert_eq!(result.result.as_deref(), Some(r#"('x="é"', b'\xff')"#));
    for (env, base64, complaint) in [("A", "", "env_vars"), ("A=1", "-", "no base64")] {
        let error = request(env, base64).unwrap_err();
        assert_eq!(error.status().unwrap(), 400);
        assert!(error.to_string().contains(complaint), "{error}");
    }
}

pub(crate) fn eval_errors_name_the_users_line<S: Subject>() {
    for (code, kind, line) in [
        ("x = 1\nundefined", Some("NameError"), Some(2)),
        ("if True", Some("SyntaxError"), Some(1)),
        ("raise KeyboardInterrupt", Some("KeyboardInterrupt"), Some(1)),
        ("raise StopIteration", Some("StopIteration"), Some(1)),
        ("import json\njson.loads('{')", Some("json.decoder.JSONDecodeError"), Some(2)),
        ("raise ValueError", Some("ValueError"), Some(1)),
        ("class Oops(Exception): pass\nraise Oops", Some("Oops"), Some(2)),
        ("print('ValueError: x'); raise SystemExit(2)", None, None),
    ] {
        let result = shared::<S>().eval(&SimpleExecRequest::new(code)).unwrap();
        assert_eq!((result.error_type.as_deref(), result.error_line), (kind, line), "{code}");
        assert_ne!(result.exit_code, 0);
        assert!(!result.stderr.contains("pyexec"), "{}", result.stderr);
        assert_eq!(result.status, Status::Completed);
    }
}

pub(crate) fn output_that_is_not_utf8<S: Subject>() {
    let result = run::<S>(r"import sys; sys.stdout.buffer.write(b'a\xff\xfeb\x00c<&>')");
    assert_eq!(result.stdout, "a\u{fffd}\u{fffd}b\0c<&>");
    // A character on the boundary of any buffer arrives whole.
    let result = run::<S>("import sys; sys.stdout.buffer.write(b'x' + 'é'.encode() * 100_000)");
    assert_eq!(result.stdout, format!("x{}", "é".repeat(100_000)));
}

pub(crate) fn large_output_and_input_that_nobody_reads<S: Subject>() {
    let code = "import sys\nfor _ in range(50): sys.stdout.write('x' * (1 << 20))";
    let metadata = Metadata { stdin: "y".repeat(5 << 20), ..Metadata::new("main.py") };
    let result = shared::<S>().execute_sync(&main_py(code), &metadata).unwrap();
    assert_eq!((result.stdout.len(), result.truncated), (50 << 20, false));
    assert_eq!(result.status, Status::Completed);
}

pub(crate) fn processes_that_are_left_behind<S: Subject>() {
    let result = run::<S>("import os, time\nif os.fork() == 0: time.sleep(600)\nprint('parent')");
    assert_eq!((result.stdout.as_str(), result.exit_code), ("parent\n", 0));
    let result =
        run::<S>("import os, time\nos.close(1); os.close(2); time.sleep(0.2); os._exit(4)");
    assert_eq!((result.stdout.as_str(), result.exit_code), ("", 4));
}

pub(crate) fn our_own_api_is_out_of_reach<S: Subject>() {
    let address = SHARED.url().replace("http://", "");
    let ask = format!(
        "import http.client, os\n\
         c = http.client.HTTPConnection('{address}', timeout=5)\n\
         try: c.request('GET', '/health'); print('GOT', c.getresponse().read())\n\
         except OSError as e: print(type(e).__name__)\n\
         print([v for v in os.environ.values() if {:?} in v])",
        SHARED.token()
    );
    assert_eq!(run::<S>(&ask).stdout, "ConnectionRefusedError\n[]\n");
}

pub(crate) fn health_says_what_it_is<S: Subject>() {
    let health = shared::<S>().health().unwrap();
    assert_eq!((health.status.as_str(), health.server.as_deref()), ("ok", Some("pyexec")));
    let isolation = health.isolation.unwrap();
    assert_eq!((isolation.level.as_str(), isolation.network.as_str()), ("full", "none"));
    assert!(["cgroup2", "cgroup1", "rlimits"].contains(&isolation.limits.as_str()));
    let has_all = isolation.missing.is_empty();
    assert_eq!(has_all, isolation.limits != "rlimits", "{:?}", isolation.missing);
    let limits = health.limits.unwrap();
    assert_eq!((limits.max_timeout_seconds, limits.max_body_bytes), (3600, 1 << 30));
    // `with` is how a client says what the server's limits are for.
    let config = ExecutionConfig { timeout_seconds: 3600, ..ExecutionConfig::default() };
    let result = shared::<S>().execute_sync(&main_py("print(1)"), &with(config)).unwrap();
    assert_eq!(result.stdout, "1\n");
}

pub(crate) fn lists_where_they_are_offered<S: Subject>() {
    let server = server(|_| ());
    let client = client::<S>(&server);
    let run = |code| client.eval(&SimpleExecRequest::new(code)).unwrap().execution_id;
    let mut ids = ["print(1)", "print(2)", "print(3)"].map(run);
    let list = ListExecutions::new().status(Status::Completed).limit(2);
    if !client.health().unwrap().offers("list") {
        assert!(client.list_executions(&list).unwrap_err().is_not_found());
        return;
    }
    let page = client.list_executions(&list).unwrap();
    assert_eq!((page.executions.len(), page.next.is_some()), (2, true));
    assert!(page.executions.iter().all(|execution| execution.stdout.is_empty()));
    let all = client.executions(list).into_iter().map(|execution| execution.unwrap().execution_id);
    let mut listed: Vec<_> = all.collect();
    listed.sort();
    ids.sort();
    assert_eq!(listed, ids);
    let running = client.executions(ListExecutions::new().status(Status::Running));
    assert!(running.is_empty(), "{running:?}");
}
