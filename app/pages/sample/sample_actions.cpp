#include "app/pages/sample/sample_actions.h"

#include "widgets/page_frame.h"

#include <QAction>

namespace nanodit {

SampleActions::SampleActions(PageFrame& frame)
    : plane(frame.addAction(QObject::tr("Guidance plane"), QStringLiteral("grid"),
                            QObject::tr("Generate pictures over both guidance scales")))
    , checkpoints(frame.addAction(QObject::tr("Checkpoints"), QStringLiteral("checkpoint"),
                                  QObject::tr("Generate the same picture with every checkpoint of the run")))
    , anatomy(frame.addAction(QObject::tr("Guidance by step"), QStringLiteral("train"),
                              QObject::tr("Show how strongly text and DINO pull at each step")))
    , attend(frame.addAction(QObject::tr("Attention"), QStringLiteral("eye"),
                             QObject::tr("Inspect the attention behind this picture")))
    , save(frame.addAction(QObject::tr("Save PNG…"), QStringLiteral("save"),
                           QObject::tr("Save the picture with its settings")))
{
    plane->setObjectName(QStringLiteral("planeButton"));
    plane->setCheckable(true);
    checkpoints->setObjectName(QStringLiteral("overCheckpoints"));
    anatomy->setObjectName(QStringLiteral("anatomyButton"));
    anatomy->setCheckable(true);
    attend->setObjectName(QStringLiteral("attend"));
}

} // namespace nanodit
