#pragma once

#include <QTimer>

#include <chrono>

namespace nanodit {

/// Runs while something is read, and ends if that takes longer than is noticed: only then does what was shown before
/// make room, for in shorter readings it would flicker.
class LateTimer : public QTimer {
public:
    explicit LateTimer(QObject* parent = nullptr)
        : QTimer(parent)
    {
        setSingleShot(true);
        setInterval(std::chrono::milliseconds(150));
    }
};

} // namespace nanodit
