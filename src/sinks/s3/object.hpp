// The object that a delivery makes: its key, and the fields it is stored with.
#pragma once

#include "seedhook/config/config.hpp"
#include "seedhook/http/message.hpp"
#include "seedhook/model/error.hpp"
#include "seedhook/model/path_template.hpp"
#include "seedhook/model/task.hpp"

#include <string>
#include <string_view>

namespace seedhook::s3 {

constexpr std::string_view sha256_field = "x-amz-meta-sha256";
constexpr std::string_view task_field = "x-amz-meta-seedhook-task"; // of a document: `source/requestId`

class object_rules {
public:
    // errc::invalid for a key template that cannot be, and for metadata that no header can carry.
    static result<object_rules> of(const config::s3_sink& settings);

    std::string key_of(const task& of) const;

    // What every key begins with: folders, each with its slash; or nothing.
    const std::string& folder() const noexcept { return folder_; }

    // All but what the content is hashed to.
    http::field_list fields_of(std::string_view content_type) const;

private:
    object_rules(path_template key, std::string folder) : key_(std::move(key)), folder_(std::move(folder)) {}

    path_template key_;
    std::string folder_;
    http::field_list fields_; // of every object
};

} // namespace seedhook::s3
