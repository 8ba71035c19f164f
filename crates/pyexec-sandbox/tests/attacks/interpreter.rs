//! A script controls its own interpreter, and can claim anything of itself. It stays a claim: how
//! it ended, what it printed and what others get is none of it.

use crate::{
    case::{Case, script, steps},
    ground::{Ground, Ran, ensure},
};
use pyexec_sandbox::{End, Job, RunAs};

const DRIVER: &str = "driver imports nothing of the user's";
const CLAIMS: &str = "claims are read as hostile";

/// An evaluation of `1 + 1` beside files that want to be imported.
const fn beside(name: &'static str, files: &'static [(&'static str, &'static str)]) -> Case {
    script(name, DRIVER, "the result of its own code", "1 + 1").eval().files(files).proof(|ran| {
        *ran.end() == End::Exited(0) && ran.finished.claims.result.as_deref() == Some("2")
    })
}

/// All that a script may try at descriptors that aren't its own.
const FORGE: &str = r#"
import os
def forge(fd, data):
    try: os.write(fd, data)
    except OSError: pass
fds = [int(n) for n in os.listdir('/proc/self/fd') if int(n) > 2]
text = b'6:result6:forged10:error_type6:Forged10:error_line3:777'
"#;

pub(crate) fn cases() -> Vec<Case> {
    vec![
        beside(
            "shadowing_json_and_ast",
            &[
                ("json.py", "print('GOT json')\nraise SystemExit(3)"),
                ("ast.py", "print('GOT ast')\nraise SystemExit(3)"),
                ("traceback.py", "print('GOT traceback')"),
                ("linecache.py", "print('GOT linecache')"),
                ("os.py", "print('GOT os')"),
                ("pyexec_eval.py", "print('GOT driver')"),
            ],
        ),
        beside(
            "a_sitecustomize_of_its_own",
            &[
                ("sitecustomize.py", "print('GOT sitecustomize')"),
                ("usercustomize.py", "print('GOT usercustomize')"),
            ],
        ),
        beside(
            "a_pth_file_of_its_own",
            &[
                ("x.pth", "import os; os.write(1, b'GOT pth\\n')"),
                ("site-packages/x.pth", "import os; os.write(1, b'GOT pth\\n')"),
                ("pyvenv.cfg", "home = /work\n"),
                ("python._pth", "/work\n"),
            ],
        ),
        beside(
            "a_python_path_of_its_own",
            &[
                (
                    "early/sitecustomize.py",
                    "import os\nif os.getuid() != 1000: print('GOT', os.getuid())",
                ),
                ("early/json.py", "print('GOT json')"),
            ],
        )
        .env(&["PYTHONPATH=/work/early", "PYTHONSTARTUP=/work/early/json.py"]),
        steps(
            "forging_an_evaluations_claims",
            CLAIMS,
            "claims of its own, with its own status",
            |ground| {
                let code = format!(
                    "{FORGE}print('real', flush=True)\nfor fd in fds: forge(fd, text)\nos._exit(3)"
                );
                let ran = eval(ground, &code)?;
                ensure(*ran.end() == End::Exited(3) && ran.stdout == "real\n", &ran)?;
                // The status says no, so there is no result, whatever was claimed.
                ensure(ran.finished.claims.result.is_none(), ran)
            },
        ),
        steps("huge_claims", CLAIMS, "nothing past a cap", |ground| {
            let code = format!(
                "{FORGE}for fd in fds:\n    for _ in range(100): forge(fd, b'6:result99999999:' + b'x' * (1 << 20))\nos._exit(0)"
            );
            let ran = eval(ground, &code)?;
            let claims = &ran.finished.claims;
            let length = claims.result.as_ref().map_or(0, String::len);
            ensure(
                *ran.end() == End::Exited(0) && length < 100 << 20 && ran.stdout.is_empty(),
                length,
            )
        }),
        steps("binary_claims", CLAIMS, "none of it", |ground| {
            let code = format!(
                "{FORGE}for fd in fds: forge(fd, os.urandom(60_000)); forge(fd, b'-1:' * 1000); forge(fd, bytes(1000))\nos._exit(0)"
            );
            let ran = eval(ground, &code)?;
            ensure(*ran.end() == End::Exited(0) && ran.finished.claims == Default::default(), ran)
        }),
        steps("many_claims", CLAIMS, "the first of each", |ground| {
            let code = format!(
                "{FORGE}for fd in fds:\n    for n in range(3000): forge(fd, text); forge(fd, b'5:frame7:1\\nf\\nxyz')\nos._exit(0)"
            );
            let ran = eval(ground, &code)?;
            ensure(*ran.end() == End::Exited(0) && ran.finished.claims.traceback.len() <= 128, ran)
        }),
        steps("claims_of_one_seen_by_another", CLAIMS, "its own", |ground| {
            eval(ground, &format!("{FORGE}for fd in fds: forge(fd, text)\nos._exit(0)"))?;
            let ran = eval(ground, "40 + 2")?;
            ensure(ran.finished.claims.result.as_deref() == Some("42"), ran)
        }),
        steps("leaving_without_a_word", CLAIMS, "its exit code, and no result", |ground| {
            for code in
                ["import os\nos._exit(0)", "import os, atexit\natexit.register(os._exit, 0)\n1 + 1"]
            {
                let ran = eval(ground, code)?;
                ensure(*ran.end() == End::Exited(0), &ran)?;
            }
            let ran = eval(ground, "import os, atexit\natexit.register(os._exit, 7)\n1 + 1")?;
            ensure(*ran.end() == End::Exited(7) && ran.finished.claims.result.is_none(), ran)
        }),
        steps(
            "monkeypatched_builtins",
            CLAIMS,
            "claims of its own, with its own status",
            |ground| {
                let code = "import builtins, json, os, sys, atexit, ast\n\
                builtins.repr = builtins.str = builtins.len = builtins.compile = builtins.exec = None\n\
                os.write = lambda *a: 10 ** 9\nos.getpid = lambda: 1\nsys.excepthook = None\nsys.last_value = 7\n\
                ast.parse = json.dumps = None\nclass R:\n    def __repr__(self): os._exit(5)\nR()";
                let ran = eval(ground, code)?;
                ensure(matches!(ran.end(), End::Exited(_)) && ran.stdout.is_empty(), ran)
            },
        ),
        steps(
            "an_error_of_a_forged_kind_and_line",
            CLAIMS,
            "a name and a number, capped",
            |ground| {
                let code = "class E(Exception): pass\nE.__name__ = E.__qualname__ = 'x' * 100_000\n\
                E.__module__ = '\\ud800'\nraise E";
                let ran = eval(ground, code)?;
                let length = ran.finished.claims.error_type.as_ref().map_or(0, String::len);
                ensure(*ran.end() == End::Exited(1) && length <= 1024, ran)
            },
        ),
        steps(
            "a_number_for_more_time_or_memory",
            CLAIMS,
            "usage as the kernel counts it",
            |ground| {
                let code = format!(
                    "{FORGE}for fd in fds: forge(fd, b'3:cpu1:05:usage1:04:exit1:0')\n\
                x = bytearray(60 << 20)\nwhile sum(os.times()[:2]) < 0.3: pass\nos._exit(4)"
                );
                let ran = eval(ground, &code)?;
                let usage = ran.finished.usage;
                ensure(*ran.end() == End::Exited(4), &ran)?;
                ensure(usage.cpu.as_millis() >= 250 && usage.peak_memory_bytes > 60 << 20, ran)
            },
        ),
        script(
            "answering_the_channel_that_says_go",
            "channels are closed before the script",
            "nobody who listens",
            r#"
fds = [int(n) for n in os.listdir('/proc/self/fd')]
for number in list(range(3, 1100)) + list(range(2030, 2050)):
    try: link = os.readlink(f'/proc/self/fd/{number}')
    except OSError: continue
    if 'socket' in link or 'memfd' in link or 'anon' in link: got(number, link)
    for name, function in (('read', lambda: os.read(number, 1)),):
        if link.startswith('pipe:') and number > 2:
            os.set_blocking(number, False)
            attempt(name, function)
"#,
        ),
        script(
            "talking_to_pid_1_launcher_and_zygote",
            "descriptors are closed, processes out of sight",
            "nobody",
            r#"
lines = open('/proc/self/net/unix').read().splitlines()[1:]
for name in ('pyexec', 'pyexec-launcher', 'pyexec-zygote'):
    attempt(name, socket.socket(socket.AF_UNIX).connect, b'\0' + name.encode())
attempt('its descriptors', os.listdir, '/proc/1/fd')
kernel('pidfd_getfd', 438, 438, os.pidfd_open(1), 3, 0)
"#,
        ),
        script(
            "its_own_memory_of_the_zygote",
            "a zygote hears nothing of executions",
            "nothing of theirs",
            r#"
import gc
for thing in gc.get_objects():
    if type(thing) is bytes and b'secret-' in thing: got(thing)
for name in ('PYEXEC_BOOT', 'PYEXEC_TEST_SECRET'):
    if name in os.environ: got(name)
if '_pyexec_zygote' in sys.modules: got('the extension')
if any('pyexec' in p for p in sys.path): got(sys.path)
"#,
        ),
    ]
}

fn eval(ground: &Ground, code: &str) -> Result<Ran, String> {
    let job = ground.job(&[("main.py", code)]);
    ground.run(Job { run_as: RunAs::Eval, ..job })
}
