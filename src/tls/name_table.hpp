// Which certificates serve which name: pure.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace seedhook::tls {

class name_table {
public:
    struct certificate {
        std::vector<std::string> names; // exact, or with `*` for the first label
        int kind = 0;                   // of its key: a handshake can have one of each kind at hand
    };

    // The first certificate is the default.
    explicit name_table(const std::vector<certificate>& certificates);

    // Indices of certificates that are offered together, in ascending order, one of each kind. The first is for
    // clients that ask for no name, or for one that no certificate has.
    const std::vector<std::vector<std::size_t>>& choices() const noexcept { return choices_; }

    // The index of the choice for a host's name.
    std::size_t find(std::string_view host) const;

private:
    std::size_t index_of(std::vector<std::size_t> choice);

    std::vector<std::vector<std::size_t>> choices_;
    std::map<std::string, std::size_t, std::less<>> by_name_;
};

} // namespace seedhook::tls
