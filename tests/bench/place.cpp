// `bench_place`: one delivery of a file by a directory sink, timed, for scripts/bench deliver.
#include "seedhook/sinks/directory.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <exception>
#include <filesystem>
#include <iostream>
#include <stdexcept>
#include <string>

namespace {

using namespace seedhook;
namespace fs = std::filesystem;

delivery delivery_of(const fs::path& video) {
    delivery what;
    what.sink = "bench";
    what.of.source = "main";
    what.of.request_id = video.stem();
    what.id = delivery_id(what.of.source, what.of.request_id, what.sink);
    what.of.status = task_status::succeeded;
    what.video = video;
    what.of.video.emplace();
    what.of.video->size = fs::file_size(video);
    what.of.video->content_type = "video/mp4";
    return what;
}

outcome deliver(sink& to, const delivery& what) {
    asio::io_context context;
    std::optional<outcome> came_to;
    auto ended = [&](std::exception_ptr thrown, outcome o) {
        if (thrown) {
            std::rethrow_exception(thrown);
        }
        came_to.emplace(std::move(o));
    };
    asio::co_spawn(context, to.deliver(what), ended);
    context.run();
    return came_to.value();
}

} // namespace

int main(int argc, char** argv) {
    std::string video;
    config::sink settings;
    settings.name = "bench";
    settings.directory.emplace();
    CLI::App app("Delivers a file into a folder as a directory sink does, and prints how long that took");
    app.add_option("--video", video, "The file, as in a spool")->required();
    app.add_option("--into", settings.directory->path, "The folder")->required();
    CLI11_PARSE(app, argc, argv);
    try {
        blocking_pool disk(1);
        const auto to = make_directory_sink(settings, disk).value();
        const delivery what = delivery_of(video);
        const auto began = std::chrono::steady_clock::now();
        const outcome end = deliver(*to, what);
        const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - began;
        const auto* there = std::get_if<done>(&end);
        if (there == nullptr) {
            throw std::runtime_error("the delivery failed");
        }
        std::cout << "{\"ms\":" << took.count()
                  << ",\"linked\":" << (fs::equivalent(video, there->where) ? "true" : "false") << "}" << std::endl;
        disk.join();
    } catch (const std::exception& failure) {
        std::cerr << "bench_place: " << failure.what() << std::endl;
        return 1;
    }
}
