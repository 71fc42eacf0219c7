// Fields of objects: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
#include "sinks/s3/object.hpp"

#include "sinks/naming.hpp"
#include "sinks/s3/signing.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace seedhook::s3 {
namespace {

using encryption = config::s3_sink::encryption_kind;

std::string query_of(const std::map<std::string, std::string>& tags) {
    std::string out;
    for (const auto& [key, value] : tags) {
        out += (out.empty() ? "" : "&") + uri_encode(key, false) + "=" + uri_encode(value, false);
    }
    return out;
}

bool is_printable(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

void add(http::field_list& to, std::string name, const std::string& value) {
    if (!value.empty()) {
        to.emplace_back(std::move(name), value);
    }
}

} // namespace

result<object_rules> object_rules::of(const config::s3_sink& settings) {
    auto key = path_template::parse(settings.key);
    if (!key) {
        return within("key", key.error());
    }
    const std::string fixed = settings.key.substr(0, settings.key.find('{'));
    object_rules rules(std::move(*key), fixed.substr(0, fixed.rfind('/') + 1));
    http::field_list& fields = rules.fields_;
    for (const auto& [name, value] : settings.metadata) {
        if (!is_printable(value)) {
            return error(errc::invalid, "metadata." + name + ": must be printable ASCII");
        }
        add(fields, "x-amz-meta-" + name, value);
    }
    add(fields, "x-amz-tagging", query_of(settings.tags));
    add(fields, "x-amz-storage-class", settings.storage_class);
    add(fields, "x-amz-acl", settings.acl);
    if (settings.encryption != encryption::none) {
        add(fields, "x-amz-server-side-encryption", settings.encryption == encryption::s3 ? "AES256" : "aws:kms");
        add(fields, "x-amz-server-side-encryption-aws-kms-key-id", settings.kms_key_id);
    }
    return rules;
}

std::string object_rules::key_of(const task& of) const { return key_.render(of, extension_of(of)); }

http::field_list object_rules::fields_of(std::string_view content_type) const {
    http::field_list fields = fields_;
    fields.emplace_back("Content-Type", content_type);
    return fields;
}

} // namespace seedhook::s3
