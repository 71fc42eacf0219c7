// Opening, in the order in which it fails most usefully.
#include "daemon/opening.hpp"

#include "daemon/front.hpp"
#include "daemon/inbound_limits.hpp"
#include "seedhook/daemon/reach.hpp"

#include <utility>

namespace seedhook {

result<opened> open_all(const config::settings& s) {
    auto engine = open_sqlite({s.store.path});
    if (!engine) {
        return within("store", engine.error());
    }
    auto videos = open_spool({s.spool.path, s.spool.max_bytes, s.spool.min_free});
    if (!videos) {
        return within("spool", videos.error());
    }
    auto listeners = bind_listeners(s.listeners);
    if (!listeners) {
        return within("listener", listeners.error());
    }
    auto gateway = bind_listeners(gateway_listeners(s));
    if (!gateway) {
        return within("gateway", gateway.error());
    }
    auto control = bind_listeners({control_listener(s.control)});
    if (!control) {
        return within("control", control.error());
    }
    auto door = admission_of(s, receive_thread_count(s.receive));
    if (!door) {
        return door.error();
    }
    return opened{std::move(*engine),  std::move(*videos),  std::move(*listeners),
                  std::move(*gateway), std::move(*control), std::move(*door)};
}

} // namespace seedhook
