// The webhook document.
#include "seedhook/seedance/callback.hpp"

#include "seedance/document.hpp"

#include <utility>

namespace seedhook::seedance {

result<task_report> read_callback(std::string_view body) {
    auto read = read_document(body);
    if (!read) {
        return read.error();
    }
    return report_of(std::move(*read));
}

} // namespace seedhook::seedance
