// Building sinks.
#include "daemon/sinks.hpp"

#include "seedhook/sinks/directory.hpp"
#include "seedhook/sinks/exec.hpp"
#include "seedhook/sinks/s3.hpp"
#include "seedhook/sinks/webhook.hpp"

#include <algorithm>
#include <utility>

namespace seedhook {
namespace {

constexpr std::uint32_t most_sink_threads = 16;
constexpr const char* upload_records = ".uploads"; // no source's name, and so none of the spool's own folders

// A sink and the threads it works on: a mount that hangs must hold up nobody else.
struct disk_stack {
    explicit disk_stack(std::uint32_t deliveries) : disk(std::min(deliveries, most_sink_threads)) {}

    blocking_pool disk;
    std::unique_ptr<http::client> service;
    std::unique_ptr<http::client> metadata;
    std::shared_ptr<sink> to;
};

// The sink of the stack, which lives as long.
result<std::shared_ptr<sink>> on_top_of(std::shared_ptr<disk_stack> stack, result<std::shared_ptr<sink>> made) {
    if (!made) {
        return made.error();
    }
    stack->to = std::move(*made);
    sink* to = stack->to.get();
    return std::shared_ptr<sink>(std::move(stack), to);
}

result<std::shared_ptr<sink>> make_s3(const config::sink& settings, const sink_context& with) {
    auto stack = std::make_shared<disk_stack>(settings.concurrency);
    const std::size_t connections = std::size_t{settings.concurrency} * settings.s3->parts_at_a_time;
    stack->service = with.outgoing.client(with.executor, s3_client_settings(connections));
    stack->metadata = with.outgoing.direct_client(with.executor, s3_metadata_client_settings());
    s3_context context{*stack->service, *stack->metadata, stack->disk, system_clock(),
                       with.spool / upload_records / settings.name, {}};
    return on_top_of(stack, make_s3_sink(settings, std::move(context)));
}

} // namespace

result<std::shared_ptr<sink>> make_sink(const config::sink& settings, const sink_context& with) {
    if (settings.directory) {
        auto stack = std::make_shared<disk_stack>(settings.concurrency);
        return on_top_of(stack, make_directory_sink(settings, stack->disk));
    }
    if (settings.exec) {
        return make_exec_sink(settings, with.spool);
    }
    if (settings.s3) {
        return make_s3(settings, with);
    }
    if (settings.webhook) {
        return make_webhook_sink(settings,
                                 with.outgoing.client(with.executor, webhook_client_settings(*settings.webhook)));
    }
    return error(errc::invalid, "unknown type " + settings.type);
}

} // namespace seedhook
