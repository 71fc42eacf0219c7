// One delivery into a directory, as blocking pieces that take a bounded time each, so that it can be stopped between
// them. Nothing of it is visible before the last piece.
#pragma once

#include "seedhook/config/config.hpp"
#include "seedhook/crypto/hash.hpp"
#include "seedhook/model/path_template.hpp"
#include "seedhook/sinks/sink.hpp"
#include "sinks/disk.hpp"
#include "sinks/staging.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace seedhook {

// What a directory sink is told to do, worked out once.
struct directory_rules {
    std::filesystem::path root; // absolute
    path_template file;
    config::directory_sink::conflict_kind on_conflict = config::directory_sink::conflict_kind::rename;
    bool manifest = false;
    bool link = true; // the spool's file may be shared
    ownership who;
};

class placement {
public:
    placement(std::shared_ptr<const directory_rules> rules, delivery what);

    // The next piece. An outcome once it is over.
    std::optional<outcome> step();

    // Removes what is staged and not placed.
    void abandon() { staged_.reset(); }

private:
    enum class stage { open, look, compare, copy, place };
    enum class found { nothing, same, other };

    std::optional<outcome> open();
    std::optional<outcome> look();
    std::optional<outcome> compare();
    std::optional<outcome> decide(found video);
    std::optional<outcome> begin_copy();
    bool share();
    std::optional<outcome> copy();
    std::optional<outcome> place();
    std::optional<outcome> place_manifest();
    tried<void> look_at_manifest(bool& foreign);
    outcome finish() const;

    std::string video_name() const;
    std::string manifest_name() const;
    bool with_manifest() const noexcept { return rules_->manifest || !what_.video; }

    std::shared_ptr<const directory_rules> rules_;
    delivery what_;
    stage stage_ = stage::open;
    unique_fd video_;                    // in the spool
    std::optional<folder_chain> folder_; // of the final name
    std::string file_;                   // the name that the template gives
    std::uint32_t number_ = 1;           // of the name that is tried
    unique_fd existing_;                 // what bears it, while it is compared
    crypto::sha256 existing_hash_;
    std::uint64_t compared_ = 0;
    std::optional<staged_file> staged_;
    bool may_share_ = true;
    bool sealed_ = false;
    bool replace_ = false;           // what bears the name is to go
    bool video_there_ = false;       // it is under its name, by this attempt or an earlier one
    std::string document_;           // what the manifest is to say
    bool manifest_there_ = false;    // and it says so already
    bool manifest_replaces_ = false; // something bears its name and is to go
};

} // namespace seedhook
