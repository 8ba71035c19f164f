//! Wheels made by hand, and installers that see nothing else.

use pyexec_packages::{
    Environment, Environments, EnvironmentsOptions, InstallError, InstallRequest, Installer,
    InstallerOptions, Phase, Python,
};
use serde::Serialize;
use std::{
    env,
    ffi::OsString,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
    time::Duration,
};
use tempfile::TempDir;

/// A wheel, or a source distribution.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Dist {
    name: String,
    version: String,
    tag: String,
    files: Vec<DistFile>,
    requires: Vec<String>,
    extras: Vec<String>,
    python: String,
    broken: String,
    source: bool,
}

#[derive(Debug, Clone, Serialize)]
struct DistFile {
    path: String,
    text: String,
    zeros: u64,
    mode: u32,
}

impl Dist {
    /// A wheel with one module, whose `VERSION` is its version.
    pub(crate) fn wheel(name: &str, version: &str) -> Self {
        let empty = Self {
            name: name.into(),
            version: version.into(),
            tag: "py3-none-any".into(),
            files: Vec::new(),
            requires: Vec::new(),
            extras: Vec::new(),
            python: String::new(),
            broken: String::new(),
            source: false,
        };
        empty.file(&format!("{name}.py"), &format!("VERSION = '{version}'\n"))
    }

    /// Sources that write `marker` when they are built. The build needs no other package.
    pub(crate) fn source(name: &str, version: &str, marker: &Path) -> Self {
        let code = format!("open({:?}, 'w').close()\n", marker.display());
        let project =
            "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n";
        let info = format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n");
        let bare = Self { files: Vec::new(), source: true, ..Self::wheel(name, version) };
        let bare = bare.file("setup.py", &code).file("backend.py", &code);
        bare.file("pyproject.toml", project).file("PKG-INFO", &info)
    }

    pub(crate) fn file(self, path: &str, text: &str) -> Self {
        self.special(path, text, 0, 0o100_644)
    }

    pub(crate) fn special(mut self, path: &str, text: &str, zeros: u64, mode: u32) -> Self {
        self.files.retain(|file| file.path != path);
        self.files.push(DistFile { path: path.into(), text: text.into(), zeros, mode });
        self
    }

    pub(crate) fn requires(mut self, line: &str) -> Self {
        self.requires.push(line.into());
        self
    }

    pub(crate) fn extra(mut self, name: &str) -> Self {
        self.extras.push(name.into());
        self
    }

    pub(crate) fn tag(mut self, tag: &str) -> Self {
        self.tag = tag.into();
        self
    }

    pub(crate) fn python(mut self, versions: &str) -> Self {
        self.python = versions.into();
        self
    }

    pub(crate) fn broken(mut self, how: &str) -> Self {
        self.broken = how.into();
        self
    }
}

/// The interpreters that are found, 3.10 to 3.13, oldest first.
pub(crate) fn pythons() -> &'static [Python] {
    static FOUND: OnceLock<Vec<Python>> = OnceLock::new();
    FOUND.get_or_init(|| {
        let home = PathBuf::from(env::var_os("HOME").unwrap_or_default());
        let pyenv = env::var_os("PYENV_ROOT").map_or(home.join(".pyenv"), PathBuf::from);
        let installed = fs::read_dir(pyenv.join("versions")).into_iter().flatten().flatten();
        let path = env::var_os("PATH").unwrap_or_default();
        let mut folders: Vec<_> = installed.map(|entry| entry.path().join("bin")).collect();
        folders.extend(env::split_paths(&path));
        let found = (10..=13).filter_map(|minor| {
            let programs = folders.iter().map(|folder| folder.join(format!("python3.{minor}")));
            // A shim may stand for a version that isn't chosen.
            let mut works = programs.filter(|p| p.is_file()).filter_map(|p| Python::probe(p).ok());
            works.find(|python| python.version().starts_with(&format!("3.{minor}.")))
        });
        let found: Vec<_> = found.collect();
        assert!(!found.is_empty(), "no Python from 3.10 to 3.13 to install for");
        found
    })
}

/// The one that most tests use: the newest, or that of `PYEXEC_TEST_PYTHON`, such as `3.10`.
pub(crate) fn newest() -> &'static Python {
    let wanted = env::var("PYEXEC_TEST_PYTHON").unwrap_or_default();
    pythons().iter().rfind(|python| python.version().starts_with(&wanted)).unwrap()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tool {
    Uv,
    Pip,
}

/// pip, and uv where there is one.
pub(crate) fn tools() -> Vec<Tool> {
    static TOLD: OnceLock<()> = OnceLock::new();
    if uv().is_some() {
        return vec![Tool::Uv, Tool::Pip];
    }
    TOLD.get_or_init(|| skip("SKIPPED all with uv: there is none (PATH, PYEXEC_TEST_UV)"));
    vec![Tool::Pip]
}

/// Tests' own output is kept back where they succeed; this is not.
pub(crate) fn skip(what: &str) {
    if let Ok(mut stderr) = fs::OpenOptions::new().append(true).open("/dev/stderr") {
        let _ = writeln!(stderr, "{what}");
    }
}

pub(crate) fn named_uv(options: InstallerOptions) -> InstallerOptions {
    options.uv(uv().unwrap())
}

fn uv() -> Option<PathBuf> {
    let named = env::var_os("PYEXEC_TEST_UV").map(PathBuf::from);
    named.or_else(|| {
        let path = env::var_os("PATH")?;
        let mut found = env::split_paths(&path).map(|folder| folder.join("uv"));
        found.find(|program| {
            let version = Command::new(program).arg("--version").output();
            version.is_ok_and(|output| output.status.success())
        })
    })
}

/// A folder of packages, and all that an installer needs to see nothing else.
#[derive(Debug)]
pub(crate) struct Index {
    folder: PathBuf,
    _owned: Option<TempDir>,
}

impl Index {
    pub(crate) fn new(dists: &[Dist]) -> Self {
        let owned = tempfile::tempdir().unwrap();
        let index = Self { folder: owned.path().to_owned(), _owned: Some(owned) };
        fs::create_dir(index.wheels()).unwrap();
        let config = format!("no-index = true\nfind-links = [{:?}]\n", index.wheels());
        fs::write(index.config(), config).unwrap();
        index.add(dists);
        index
    }

    /// That of another process, by its wheels.
    pub(crate) fn at(wheels: &Path) -> Self {
        Self { folder: wheels.parent().unwrap().to_owned(), _owned: None }
    }

    pub(crate) fn add(&self, dists: &[Dist]) {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/environments/write_wheels.py");
        let mut writer = Command::new(newest().executable())
            .args(["-I", script])
            .arg(self.wheels())
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let input = serde_json::to_vec(dists).unwrap();
        writer.stdin.take().unwrap().write_all(&input).unwrap();
        assert!(writer.wait().unwrap().success());
    }

    pub(crate) fn wheels(&self) -> PathBuf {
        self.folder.join("wheels")
    }

    /// A file in a folder of its own, for what must not be made.
    pub(crate) fn marker(&self) -> PathBuf {
        self.folder.join("marker")
    }

    fn config(&self) -> PathBuf {
        self.folder.join("configuration-of-uv.toml")
    }

    pub(crate) fn options(&self, tool: Tool) -> InstallerOptions {
        options(
            tool,
            [
                ("HOME", self.folder.as_os_str().to_owned()),
                ("UV_CONFIG_FILE", self.config().into()),
                ("PIP_NO_INDEX", "1".into()),
                ("PIP_FIND_LINKS", self.wheels().into()),
            ],
        )
    }

    pub(crate) fn installer(&self, tool: Tool) -> Installer {
        Installer::find(&self.options(tool), newest()).unwrap()
    }
}

/// An installer with these variables and few others, and without this machine's configuration.
pub(crate) fn options<const N: usize>(
    tool: Tool,
    variables: [(&str, OsString); N],
) -> InstallerOptions {
    let always = [
        ("PATH", env::var_os("PATH").unwrap_or_default()),
        ("PIP_CONFIG_FILE", "/dev/null".into()),
        ("PIP_RETRIES", "0".into()),
        ("UV_HTTP_RETRIES", "0".into()),
    ];
    let options = InstallerOptions::new().environment(always.into_iter().chain(variables));
    match tool {
        Tool::Pip => options.pip(),
        Tool::Uv => options.uv(uv().unwrap()),
    }
}

pub(crate) struct Store {
    folder: TempDir,
    pub(crate) environments: Environments,
}

impl Store {
    pub(crate) fn new() -> Self {
        Self::with(EnvironmentsOptions::new())
    }

    pub(crate) fn with(options: EnvironmentsOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let environments = Environments::open(folder.path().join("store"), options).unwrap();
        Self { folder, environments }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    /// The same folder, opened once more.
    pub(crate) fn reopened(&self) -> Environments {
        Environments::open(self.path(), EnvironmentsOptions::new()).unwrap()
    }

    pub(crate) fn obtain(
        &self,
        installer: &Installer,
        requirements: &[&str],
    ) -> Result<Environment, InstallError> {
        obtain(&self.environments, installer, requirements).0
    }

    /// Nothing of an installation is left but what is on the shelf.
    pub(crate) fn assert_tidy(&self) {
        let left = |name: &str| fs::read_dir(self.path().join(name)).into_iter().flatten().count();
        assert_eq!(left("staging"), 0, "staging folders are left");
        assert_eq!(left("locks"), 0, "locks are left");
    }
}

/// An environment, and the phases that it took.
pub(crate) fn obtain(
    environments: &Environments,
    installer: &Installer,
    requirements: &[&str],
) -> (Result<Environment, InstallError>, Vec<Phase>) {
    let requirements: Vec<_> = requirements.iter().map(|&line| line.to_owned()).collect();
    let request = InstallRequest::new(installer, &requirements).limit(Duration::from_secs(120));
    let mut phases = Vec::new();
    let obtained = environments.obtain(&request, &mut |phase| phases.push(phase));
    (obtained, phases)
}

/// Runs code with the environment as a sandbox would have it, and gives what it prints.
pub(crate) fn run(python: &Python, environment: &Environment, code: &str) -> String {
    let prelude = "import site, sys; site.addsitedir(sys.argv[1])";
    let output = Command::new(python.executable())
        .args(["-I", "-B", "-c", &format!("{prelude}\n{code}")])
        .arg(environment.path())
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

pub(crate) fn names(environment: &Environment) -> Vec<String> {
    let packages = environment.packages().iter();
    packages.map(|package| format!("{} {}", package.name(), package.version())).collect()
}
