#pragma once

#include <QObject>
#include <QString>

class QImage;
class QWidget;

namespace nanodit {

class Banner;
class Dialogs;
class Sampling;
class Session;

/// Takes what the Sample page shows out of the program; the banner says how that went.
class PictureSaving : public QObject {
    Q_OBJECT

public:
    /// All of these must outlive this, which belongs to `page`; questions are asked over it.
    PictureSaving(Session& session, Sampling& sampling, Dialogs& dialogs, Banner* banner, QWidget* page);

    /// To the clipboard. Nothing is done with a null one.
    void copy(const QImage& picture);
    /// A picture's PNG with its settings, under a name that is asked for. Empty: nothing is done.
    void save(const QString& file);
    /// The guidance plane as one labelled picture.
    void saveSheet();

private:
    Session& session_;
    Sampling& sampling_;
    Dialogs& dialogs_;
    Banner* banner_;
    QWidget* page_;
};

} // namespace nanodit
