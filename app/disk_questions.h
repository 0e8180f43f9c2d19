#pragma once

#include <QObject>

#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

namespace nanodit {

/// Questions to disks that may not answer, such as those of a network: each has a thread of its own, for which nobody
/// waits. Nothing can end one that hangs but the end of the program. Home thread.
class DiskQuestions : public QObject {
public:
    explicit DiskQuestions(QObject* parent = nullptr);
    /// Waits for no answer; none comes any more.
    ~DiskQuestions() override;

    /// Calls `question` on another thread, perhaps still when this object is gone; it must not throw. `then` has the
    /// answer on the home thread.
    template<typename Question, typename Then>
    void ask(Question question, Then then)
    {
        std::thread([line = line_, question = std::move(question), then = std::move(then)] {
            line->hand([then, answer = question()] { then(answer); });
        }).detach();
    }

private:
    /// Between the object and the threads that answer it.
    struct Line {
        void hand(std::function<void()> answer);

        std::mutex mutex;
        DiskQuestions* end = nullptr; ///< Null once it is gone.
    };
    std::shared_ptr<Line> line_;
};

} // namespace nanodit
