/** What `--help` prints. */
export const help = `usage: fastify-llama-swap [--config FILE] [--config-dir DIR] [--watch-config] [--listen ADDRESS] ...

Starts inference servers on demand, proxies requests to them by model name, and stops them to make room for others.

  --config FILE         a llama-swap config (YAML); without any, a demo with three stand-in models
  --config-dir DIR      a directory whose *.yaml and *.yml files make up the config, with that of --config if there is one
  --watch-config        reads the config again when its files change; SIGHUP does so at any time
  --strict              refuses a config with keys that nobody knows, rather than warn about them
  --listen ADDRESS      host:port, or :port for all interfaces; port 0 picks a free one (default 127.0.0.1:8080, with TLS :8443)
  --tls-cert-file FILE  serves HTTPS with this certificate (PEM, with its chain)
  --tls-key-file FILE   the certificate's private key (PEM)
  --allow-host NAME     a further name of this machine that requests may have in Host, and their pages in Origin; can be repeated
  --check               checks the config and the other flags and ends: exit code 0, or 1 with errors
  --print               as --check, and prints the config as it is understood, without its secrets
  --version             prints the version
  --help                prints this

One dash works too. SIGINT (Ctrl-C) or SIGTERM lets requests end and stops the servers; a second one kills them at once.`
