//! From flags and variables to the server's settings.

use crate::{
    args::{Detection, Network, NetworkMode, PackageArgs, ServeArgs},
    failure::Failure,
};
use pyexec_sandbox::{self as sandbox, SandboxOptions, Start};
use pyexec_server::{
    ConnectionLimits, DefaultNetwork, PackageInstaller, PackageOptions, ServerConfig, TlsFiles,
};

/// The settings; what nobody said is the server's own default.
///
/// # Errors
///
/// Where a setting isn't supported.
pub(super) fn resolve(args: ServeArgs) -> Result<(ServerConfig, SandboxOptions), Failure> {
    let network = match args.network_mode {
        NetworkMode::None => sandbox::Network::None,
        NetworkMode::Pasta => sandbox::Network::pasta().map_err(|error| {
            Failure::ours(error.to_string()).hint(error.hint().unwrap_or_default())
        })?,
        NetworkMode::Host => sandbox::Network::Host,
        NetworkMode::Bridge => {
            return Err(Failure::usage(
                "network mode `bridge` takes a container engine, and this \
                                       server uses none",
            )
            .hint("choose `none`, `pasta` to give executions a network of their own, or `host`"));
        }
    };
    let usual = ServerConfig::default();
    // As the original reads them.
    let said = |said: u32, usual: u64| if said > 0 { said.into() } else { usual };
    let defaults = args.defaults;
    let doors = args.doors;
    let capacity = args.capacity;
    let size = |mib: u32| usize::try_from(u64::from(mib) << 20).unwrap_or(usize::MAX);
    // An empty variable is none.
    let token = doors.token.map(|token| token.trim().to_owned());
    let tls = match (doors.tls_cert, doors.tls_key) {
        (Some(certificate), Some(key)) => Some(TlsFiles { certificate, key }),
        (None, None) => None,
        _ => {
            return Err(Failure::usage("HTTPS takes a certificate and its key")
                .hint("give both --tls-cert and --tls-key"));
        }
    };
    let config = ServerConfig {
        tokens: token.filter(|token| !token.is_empty()).into_iter().collect(),
        token_file: doors.token_file,
        allowed_hosts: doors.allowed_host.into_iter().filter(|name| !name.is_empty()).collect(),
        tls,
        connections: ConnectionLimits {
            most: doors.max_connections,
            most_per_address: doors.max_connections_per_address,
            ..usual.connections
        },
        slots: args.slots,
        queue_length: args.queue,
        memory_budget_mb: capacity.memory_budget_mb,
        queue_timeout: capacity.queue_timeout,
        max_timeout_seconds: capacity.max_timeout.into(),
        max_disk_mb: capacity.max_disk_mb.into(),
        output_bytes: size(capacity.output_mb),
        output_limit_bytes: u64::from(capacity.output_limit_mb) << 20,
        result_bytes: size(capacity.results_mb),
        spool_bytes: u64::from(capacity.spool_mb) << 20,
        output_spool_bytes: u64::from(capacity.output_spool_mb) << 20,
        default_timeout_seconds: said(defaults.default_timeout, usual.default_timeout_seconds),
        default_memory_mb: said(defaults.default_memory_mb, usual.default_memory_mb),
        default_disk_mb: said(defaults.default_disk_mb, usual.default_disk_mb),
        default_cpu_shares: said(defaults.default_cpu_shares, usual.default_cpu_shares),
        cpu_percent: args.cpus_per_execution,
        default_image: defaults.default_image.filter(|image| !image.is_empty()),
        default_network: match args.default_network {
            Network::Off => DefaultNetwork::Off,
            Network::On => DefaultNetwork::On,
        },
        packages: packages(args.packages)?,
        max_body_bytes: said(args.max_body_mb, usual.max_body_bytes >> 20) << 20,
        result_ttl: args.cleanup_ttl,
        grace: args.grace,
        spool_folder: args.spool_dir,
        state_dir: args.state_dir.filter(|folder| !folder.as_os_str().is_empty()),
        ..usual
    };
    let options = SandboxOptions {
        isolation: args.isolation,
        network,
        cgroup: args.cgroup,
        ready: args.ready.unwrap_or(config.slots),
        start: if args.strict { Start::Strict } else { Start::Zygote },
        ..SandboxOptions::default()
    };
    Ok((config, options))
}

fn packages(args: PackageArgs) -> Result<PackageOptions, Failure> {
    let named = |names: Vec<String>| -> Vec<String> {
        names.into_iter().filter(|name| !name.trim().is_empty()).collect()
    };
    let (install, installer) = match args.installer.as_str() {
        "auto" | "" => (true, PackageInstaller::Auto),
        "none" => (false, PackageInstaller::Auto),
        "pip" => (true, PackageInstaller::Pip),
        path if path.starts_with('/') => (true, PackageInstaller::Uv(path.into())),
        other => {
            return Err(Failure::usage(format!("--installer {other}: no such installer"))
                .hint("choose auto, pip or none, or give the whole path of a uv"));
        }
    };
    Ok(PackageOptions {
        install,
        installer,
        folder: args.packages_dir.filter(|folder| !folder.as_os_str().is_empty()),
        bytes: u64::from(args.packages_mb) << 20,
        offline: args.offline,
        variables: Vec::new(),
        timeout: args.install_timeout,
        resolution_ttl: args.resolution_ttl,
        // It lives long enough to look for itself.
        trust_checks: std::time::Duration::ZERO,
        allow: named(args.allow_package),
        deny: named(args.deny_package),
        preload: named(args.preload),
        detect_imports: args.auto_detect_imports == Detection::On,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{self, Command};

    /// What flags have by default is what the library has.
    #[test]
    fn without_any_setting_the_server_is_the_librarys() {
        let Command::Serve(args) = args::of_line("pyexec serve") else { panic!("not serve") };
        let (config, _) = resolve(*args).unwrap();
        assert_eq!(format!("{config:?}"), format!("{:?}", ServerConfig::default()));
    }
}
