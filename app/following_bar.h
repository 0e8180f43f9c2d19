#pragma once

class QWidget;

namespace nanodit {

class JobBar;
class JobRunner;

/// A bar that shows how far the job is and pauses and stops it. Goes with the job, or with its parent.
JobBar* makeFollowingBar(JobRunner* runner, QWidget* parent);

} // namespace nanodit
