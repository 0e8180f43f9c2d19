#pragma once

#include "app/session.h"
#include "core/front/training.h"

#include <QObject>
#include <QPointer>

class QImage;

namespace nanodit {

class PreviewPanel;
class PreviewWindow;

/// A picture that was chosen in a panel of previews, enlarged in a window of its own, whose arrows lead to the panel's
/// other pictures.
class EnlargedPreview : public QObject {
    Q_OBJECT

public:
    /// A child of the panel.
    EnlargedPreview(Session& session, PreviewPanel* panel);
    /// Reads a preview of the run in full, or the record's own picture (step -1), and enlarges it.
    void open(const QString& run, const QString& record, qint64 step, PreviewKind kind, const QString& caption);
    /// Also one that is still being read.
    void close();

Q_SIGNALS:
    void failed(const QString& what, const nanodit::Notice& why);

private:
    bool isOpen() const;
    void show(const QImage& picture, const QString& caption);

    Session& session_;
    PreviewPanel* panel_;
    QPointer<PreviewWindow> window_;
    int asked_ = 0; ///< Number of the newest wish: answers to others are dropped.
};

} // namespace nanodit
