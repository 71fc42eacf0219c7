// Orders as texts that each end in NUL.
#include "sinks/exec/order.hpp"

#include <charconv>
#include <cstring>
#include <limits>

namespace seedhook::exec {
namespace {

class writer {
public:
    void put(std::string_view text) { out_.append(text).push_back('\0'); }
    void put(std::uint64_t number) { put(std::to_string(number)); }
    void put(const std::vector<std::string>& texts) {
        put(texts.size());
        for (const std::string& text : texts) {
            put(text);
        }
    }
    const std::string& out() const noexcept { return out_; }

private:
    std::string out_;
};

class reader {
public:
    explicit reader(std::string_view from) : left_(from) {}

    std::string text() {
        const std::size_t end = left_.find('\0');
        whole_ = whole_ && end != std::string_view::npos;
        std::string out(left_.substr(0, end));
        left_.remove_prefix(whole_ ? end + 1 : left_.size());
        return out;
    }

    template <class T>
    T number() {
        const std::string digits = text();
        T value = 0;
        const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        whole_ = whole_ && failure == std::errc() && end == digits.data() + digits.size();
        return value;
    }

    std::vector<std::string> texts() {
        std::vector<std::string> all;
        for (std::size_t count = number<std::size_t>(); whole_ && all.size() < count;) {
            all.push_back(text());
        }
        return all;
    }

    bool ended_well() const noexcept { return whole_ && left_.empty(); }
    bool whole() const noexcept { return whole_; }

private:
    std::string_view left_;
    bool whole_ = true;
};

void put(writer& to, const std::optional<identity>& as) {
    to.put(as ? "as" : "");
    if (as) {
        to.put(as->user ? std::to_string(*as->user) : std::string());
        to.put(as->group);
        to.put(as->groups.size());
        for (const gid_t group : as->groups) {
            to.put(group);
        }
    }
}

std::optional<identity> take_identity(reader& from) {
    if (from.text().empty()) {
        return {};
    }
    identity who;
    const std::string user = from.text();
    if (!user.empty()) {
        who.user = reader(user + '\0').number<uid_t>();
    }
    who.group = from.number<gid_t>();
    for (std::size_t count = from.number<std::size_t>(); from.whole() && who.groups.size() < count;) {
        who.groups.push_back(from.number<gid_t>());
    }
    return who;
}

} // namespace

std::string encode(const order& what) {
    writer body;
    body.put(what.argv);
    body.put(what.environment);
    body.put(what.working_directory);
    body.put(what.document);
    body.put(what.video);
    body.put(what.video_size);
    body.put(what.spool);
    put(body, what.as);
    const std::uint64_t size = body.out().size();
    std::string out(order_header, '\0');
    std::memcpy(out.data(), &size, sizeof size);
    return out + body.out();
}

std::size_t length_of(std::string_view header) noexcept {
    std::uint64_t size = 0;
    std::memcpy(&size, header.data(), sizeof size);
    return size;
}

std::optional<order> decode(std::string_view rest) {
    reader from(rest);
    order what;
    what.argv = from.texts();
    what.environment = from.texts();
    what.working_directory = from.text();
    what.document = from.text();
    what.video = from.text();
    what.video_size = from.number<std::uint64_t>();
    what.spool = from.text();
    what.as = take_identity(from);
    return from.ended_well() && !what.argv.empty() ? std::optional(std::move(what)) : std::nullopt;
}

} // namespace seedhook::exec
