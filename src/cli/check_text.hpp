// What a configuration will do, in words and as JSON. Never a secret.
#pragma once

#include "seedhook/config/load.hpp"

#include <string>

namespace seedhook::cli {

std::string check_text(const std::string& file, const config::settings& s);

// `{"ok":…,"mistakes":[…],"warnings":[…],"settings":{…}}`; `settings` is null when there are mistakes.
std::string check_json(const config::loaded& l);

} // namespace seedhook::cli
