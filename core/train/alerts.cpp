#include "core/train/alerts.h"

#include "core/runtime/child_process.h"
#include "core/runtime/failure.h"

#include <nlohmann/json.hpp>

#include <utility>

namespace nanodit {

bool EventFilter::lets(const TrainEvent& event, Clock::time_point now)
{
    if (event.kind != "spike" && event.kind != "stall")
        return true;
    const auto found = last_.find(event.kind);
    if (found != last_.end() && now - found->second < quiet)
        return false;
    last_[event.kind] = now;
    return true;
}

AlertSender::AlertSender(const Workspace& workspace)
    : workspace_(workspace)
{
    if (!workspace_.config.alertCommand.empty())
        thread_ = std::thread([this] { work(); });
}

AlertSender::~AlertSender()
{
    finish();
}

void AlertSender::send(const TrainEvent& event)
{
    if (!thread_.joinable())
        return;
    const std::lock_guard lock(mutex_);
    waiting_.push_back(event);
    changed_.notify_one();
}

void AlertSender::finish()
{
    if (!thread_.joinable())
        return;
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
    }
    changed_.notify_one();
    thread_.join();
}

std::vector<std::string> AlertSender::takeFaults()
{
    const std::lock_guard lock(mutex_);
    return std::exchange(faults_, {});
}

void AlertSender::work()
{
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
        if (waiting_.empty())
            return;
        const auto event = std::move(waiting_.front());
        waiting_.pop_front();
        lock.unlock();
        auto fault = tell(event);
        lock.lock();
        if (!fault.empty())
            faults_.push_back(std::move(fault));
    }
}

std::string AlertSender::tell(const TrainEvent& event) const
{
    const nlohmann::ordered_json json = {{"event", event.kind},
                                         {"run", event.run},
                                         {"step", event.step},
                                         {"text", event.text},
                                         {"workspace", workspace_.root.string()}};
    const auto& arguments = workspace_.config.alertCommand;
    const ChildProgram program{.arguments = arguments,
                               .folder = workspace_.root,
                               .input =
                                   json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n",
                               .limit = std::chrono::seconds(workspace_.config.alertSeconds)};
    const auto beginning = "no alert was sent that \"" + event.run + "\" " + event.kind + " (alerts.command): ";
    try {
        const auto result = runChild(program, [] { return false; });
        return result.succeeded() ? std::string()
                                  : beginning + "the program \"" + arguments.front() + "\" " + result.inWords(program);
    } catch (const std::exception& error) {
        return beginning + sentenceOf(error);
    }
}

} // namespace nanodit
