// What must be open before anything can run: the store, the spool, every socket.
#pragma once

#include "daemon/receive_threads.hpp"

#include "seedhook/config/config.hpp"
#include "seedhook/fetch/spool.hpp"
#include "seedhook/http/admission.hpp"
#include "seedhook/store/database.hpp"

#include <memory>
#include <vector>

namespace seedhook {

struct opened {
    std::unique_ptr<database> engine;
    std::unique_ptr<spool> videos;
    std::vector<bound_listener> listeners;
    std::vector<bound_listener> gateway;
    std::vector<bound_listener> control;
    http::admission_settings door; // of the listeners and the gateway
};

// Opens all of it, or says what cannot be opened.
result<opened> open_all(const config::settings& s);

} // namespace seedhook
