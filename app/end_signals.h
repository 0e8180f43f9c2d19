#pragma once

#include <QObject>

class QSocketNotifier;

namespace nanodit {

/// Listens to the signals by which others end the program (SIGTERM, SIGHUP, SIGINT: `kill`, a closed terminal, Ctrl-C)
/// while it lives; there is one at a time. The second signal of a kind ends the program at once.
class EndSignals : public QObject {
    Q_OBJECT

public:
    explicit EndSignals(QObject* parent = nullptr);
    ~EndSignals() override;

Q_SIGNALS:
    void endWanted();

private:
    QSocketNotifier* notifier_ = nullptr;
};

} // namespace nanodit
