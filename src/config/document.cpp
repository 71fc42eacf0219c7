// Builds the tree from yaml-cpp's events: its own node API drops repeated keys silently and has no bounds.
#include "config/document.hpp"

#include "seedhook/model/text.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <optional>
#include <sstream>
#include <utility>

namespace seedhook::config {
namespace {

constexpr std::size_t most_bytes = 1024 * 1024;             // of the file
constexpr std::size_t most_expanded_bytes = 4 * most_bytes; // of text once aliases are copied in
constexpr std::size_t most_nodes = 20000;
constexpr std::size_t deepest = 32;

struct refusal {
    int line;
    int column;
    std::string why;
};

class tree_builder final : public YAML::EventHandler {
public:
    explicit tree_builder(std::string_view text) : text_(text) {}

    std::optional<node> take() { return std::move(root_); }

    // Where the last scalar begins, if it is quoted; else a null mark.
    const YAML::Mark& last_quoted() const noexcept { return last_quoted_; }

    void OnDocumentStart(const YAML::Mark& at) override {
        if (documents_++ > 0) {
            refuse(at, "only one YAML document may be in the file");
        }
    }
    void OnDocumentEnd() override {}

    // yaml-cpp's mark of a value that is not there is that of whatever comes next.
    void OnNull(const YAML::Mark& at, YAML::anchor_t anchor) override {
        node null = start(node::kind::null, at);
        const node* parent = open_.empty() ? nullptr : &open_.back().first;
        if (parent && parent->what == node::kind::map && !parent->items.empty()) {
            null.line = parent->items.back().line;
            null.column = parent->items.back().column;
        } else if (parent && parent->what == node::kind::list) {
            move_to_dash(null, at);
        }
        add(std::move(null), anchor);
    }

    void OnScalar(const YAML::Mark& at, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        refuse_tag(at, tag);
        last_quoted_ = tag == "!" ? at : YAML::Mark::null_mark();
        node scalar = start(node::kind::scalar, at);
        scalar.text = value;
        spend(scalar);
        add(std::move(scalar), anchor);
    }

    void OnAlias(const YAML::Mark& at, YAML::anchor_t anchor) override {
        const auto found = anchors_.find(anchor);
        if (found == anchors_.end()) {
            refuse(at, "an alias within its own anchor");
        }
        spend_copy(found->second);
        add(found->second, YAML::NullAnchor);
    }

    void OnSequenceStart(const YAML::Mark& at, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open(node::kind::list, at, tag, anchor);
    }
    void OnMapStart(const YAML::Mark& at, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        open(node::kind::map, at, tag, anchor);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapEnd() override { close(); }

private:
    [[noreturn]] static void refuse(const YAML::Mark& at, std::string why) {
        throw refusal{at.line + 1, at.column + 1, std::move(why)};
    }

    // yaml-cpp says `?` for plain and `!` for quoted scalars without a tag.
    static void refuse_tag(const YAML::Mark& at, const std::string& tag) {
        if (!tag.empty() && tag != "?" && tag != "!") {
            refuse(at, "YAML tags are not supported");
        }
    }

    node start(node::kind what, const YAML::Mark& at) {
        node n;
        n.what = what;
        n.line = at.line + 1;
        n.column = at.column + 1;
        spend(n);
        return n;
    }

    void spend(const node& n) {
        bytes_ += n.text.size();
        if (++nodes_ > most_nodes || bytes_ > most_expanded_bytes) {
            throw refusal{n.line, n.column, "too many values in one file (aliases count as often as they are used)"};
        }
    }

    void spend_copy(const node& n) {
        spend(n);
        for (const node& item : n.items) {
            spend_copy(item);
        }
    }

    // To the `-` of an empty item in a block list, if it is what comes before the mark.
    void move_to_dash(node& null, const YAML::Mark& at) const {
        const std::string_view before = text_.substr(0, static_cast<std::size_t>(at.pos));
        const std::size_t dash = before.find_last_not_of(" \r\n");
        if (dash == std::string_view::npos || before[dash] != '-') {
            return;
        }
        const std::string_view skipped = before.substr(dash);
        if (const auto lines = std::count(skipped.begin(), skipped.end(), '\n'); lines > 0) {
            null.line -= static_cast<int>(lines);
            null.column = static_cast<int>(dash - (before.rfind('\n', dash) + 1)) + 1;
        }
    }

    void open(node::kind what, const YAML::Mark& at, const std::string& tag, YAML::anchor_t anchor) {
        refuse_tag(at, tag);
        if (open_.size() >= deepest) {
            refuse(at, "nested too deeply");
        }
        open_.emplace_back(start(what, at), anchor);
    }

    void close() {
        auto [whole, anchor] = std::move(open_.back());
        open_.pop_back();
        add(std::move(whole), anchor);
    }

    void add(node n, YAML::anchor_t anchor) {
        if (anchor != YAML::NullAnchor) {
            spend_copy(n);
            anchors_[anchor] = n;
        }
        if (open_.empty()) {
            root_ = std::move(n);
            return;
        }
        node& parent = open_.back().first;
        parent.items.push_back(std::move(n));
    }

    std::string_view text_;
    std::vector<std::pair<node, YAML::anchor_t>> open_;
    std::map<YAML::anchor_t, node> anchors_;
    std::optional<node> root_;
    YAML::Mark last_quoted_ = YAML::Mark::null_mark();
    int documents_ = 0;
    std::size_t nodes_ = 0;
    std::size_t bytes_ = 0;
};

// yaml-cpp takes a 0x04 byte for the end of the file and passes broken UTF-8 on.
std::optional<refusal> character_fault(std::string_view text) {
    int line = 1;
    int column = 1;
    while (!text.empty()) {
        const code_point c = front_code_point(text);
        if (!c.valid) {
            return refusal{line, column, "a byte that is not UTF-8"};
        }
        if ((c.value < 0x20 && c.value != '\n' && c.value != '\r' && c.value != '\t') || c.value == 0x7F) {
            return refusal{line, column, "a control character"};
        }
        column = c.value == '\n' ? 1 : column + 1;
        line += c.value == '\n' ? 1 : 0;
        text.remove_prefix(c.length);
    }
    return {};
}

// yaml-cpp takes a quoted scalar that the end of the file cuts off after a line break for a whole one.
bool is_cut_off(std::string_view text, const YAML::Mark& quoted) {
    if (quoted.is_null() || static_cast<std::size_t>(quoted.pos) >= text.size()) {
        return false;
    }
    const std::string_view rest = text.substr(static_cast<std::size_t>(quoted.pos));
    const char quote = rest.front();
    if (quote != '"' && quote != '\'') { // a block scalar
        return false;
    }
    for (std::size_t i = 1; i < rest.size(); ++i) {
        const bool escaped = quote == '"' ? rest[i] == '\\' : rest.substr(i).starts_with("''");
        if (escaped) {
            ++i;
        } else if (rest[i] == quote) {
            return false;
        }
    }
    return true;
}

// The indentation of the line where the parser gave up, or of the one before, may hold a tab: it does not say so.
std::optional<refusal> tab_before(std::string_view text, int last_line) {
    for (int line = 1; line <= last_line && !text.empty(); ++line) {
        const std::size_t indentation = std::min(text.find_first_not_of(" \t"), text.size());
        const std::size_t tab = text.substr(0, indentation).find('\t');
        if (line + 1 >= last_line && tab != std::string_view::npos) {
            return refusal{line, static_cast<int>(tab) + 1, "a tab in the indentation: YAML takes only spaces there"};
        }
        text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
    }
    return {};
}

// Some of yaml-cpp's messages quote the document, which may hold a secret just there.
std::string safe_message(const YAML::Exception& e) {
    for (const char* quoting : {YAML::ErrorMsg::UNKNOWN_ANCHOR, YAML::ErrorMsg::INVALID_UNICODE,
                                YAML::ErrorMsg::INVALID_ESCAPE, YAML::ErrorMsg::YAML_VERSION}) {
        if (e.msg.starts_with(quoting)) {
            std::string bare = quoting;
            bare.erase(bare.find_last_not_of(" :") + 1);
            return bare;
        }
    }
    return e.msg;
}

} // namespace

std::variant<node, mistake> parse_document(std::string_view text, const std::string& file) {
    if (text.size() > most_bytes) {
        return mistake{file, 0, 0, "", "the file is larger than 1MiB"};
    }
    if (const auto fault = character_fault(text)) {
        return mistake{file, fault->line, fault->column, "", fault->why};
    }
    if (text.starts_with("\xEF\xBB\xBF")) { // a byte order mark: yaml-cpp's positions do not count it
        text.remove_prefix(3);
    }
    std::istringstream in{std::string(text)};
    tree_builder builder(text);
    try {
        YAML::Parser parser(in);
        while (parser.HandleNextDocument(builder)) {
        }
    } catch (const refusal& r) {
        return mistake{file, r.line, r.column, "", r.why};
    } catch (const YAML::Exception& e) {
        if (const auto tab = tab_before(text, e.mark.line + 1)) {
            return mistake{file, tab->line, tab->column, "", tab->why};
        }
        return mistake{file, e.mark.line + 1, e.mark.column + 1, "", "not YAML: " + safe_message(e)};
    }
    if (const YAML::Mark& at = builder.last_quoted(); is_cut_off(text, at)) {
        return mistake{file, at.line + 1, at.column + 1, "", "not YAML: a quoted text that does not end"};
    }
    std::optional<node> root = builder.take();
    if (!root || root->what == node::kind::null) {
        return mistake{file, 0, 0, "", "the file is empty"};
    }
    return std::move(*root);
}

} // namespace seedhook::config
