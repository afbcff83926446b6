#include "server/info/info.h"
#include "shared/session/handshake.h"

namespace quorate::server::info {

void AppendServer(engine::Engine& engine, Fields& out) {
  const engine::Host::ProcessInfo process = engine.host().Process();
  const int64_t uptime_seconds = base::ToMs(engine.now() - engine.started()) / 1000;
  out.Section("Server");
  out.Text("redis_version", session::kRedisVersion);
  out.Text("quorate_version", QUORATE_VERSION);
  out.Text("redis_git_sha1", "00000000");
  out.Text("redis_git_dirty", "0");
  out.Text("redis_build_id", "0");
  out.Text("redis_mode", "standalone");
  out.Text("os", process.operating_system);
  out.Number("arch_bits", sizeof(void*) * 8);
  out.Text("monotonic_clock", "POSIX clock_gettime");
  out.Text("multiplexing_api", "epoll");
  out.Text("gcc_version", session::CompilerVersion());
  out.Number("process_id", process.pid);
  out.Text("process_supervised",
           engine.settings().supervised == config::Supervised::kNo ? "no" : "systemd");
  out.Text("run_id", engine.run_id().view());
  out.Number("tcp_port", process.port);
  out.Number("server_time_usec", engine.wall().ms * 1000);
  out.Number("uptime_in_seconds", uptime_seconds);
  out.Number("uptime_in_days", uptime_seconds / 86400);
  out.Number("hz", engine.settings().hz);
  out.Number("configured_hz", engine.settings().hz);
  out.Number("lru_clock", (engine.wall().ms / 1000) & 0xffffff);
  out.Text("executable", process.executable);
  out.Text("config_file", process.config_file);
  out.Number("io_threads_active", 0);
  if (process.shutdown_deadline)
    out.Number("shutdown_in_milliseconds", base::ToMs(*process.shutdown_deadline - engine.now()));
}

}  // namespace quorate::server::info
