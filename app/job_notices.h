#pragma once

#include <QObject>
#include <QString>

#include <chrono>
#include <functional>

namespace nanodit {

class JobRunner;
class Session;

/// Tells a person who looks elsewhere that a job has ended: one that took long, or any that failed. Jobs that somebody
/// stopped are not told of. tell() is for what happens while one runs.
class JobNotices : public QObject {
    Q_OBJECT

public:
    static constexpr std::chrono::seconds longJob{30};

    struct Desktop {
        std::function<bool()> looksHere; ///< Whether one of the program's windows is in front.
        std::function<void(const QString& title, const QString& text)> show;
    };
    JobNotices(Session& session, Desktop desktop, std::chrono::milliseconds shortest = longJob,
               QObject* parent = nullptr);

    /// Of something else than an end.
    void tell(const QString& title, const QString& text);

private:
    void follow(JobRunner* runner);

    Desktop desktop_;
    std::chrono::milliseconds shortest_;
};

} // namespace nanodit
