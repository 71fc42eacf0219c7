// A folder of its own for a test, removed with it.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <stdexcept>
#include <string>

namespace seedhook::test {

class temp_folder {
public:
    temp_folder() {
        std::string name = (std::filesystem::temp_directory_path() / "seedhook-test-XXXXXX").string();
        if (!::mkdtemp(name.data())) {
            throw std::runtime_error("cannot make " + name);
        }
        path_ = name;
    }
    ~temp_folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    temp_folder(const temp_folder&) = delete;
    temp_folder& operator=(const temp_folder&) = delete;

    const std::filesystem::path& path() const noexcept { return path_; }

private:
    std::filesystem::path path_;
};

} // namespace seedhook::test
