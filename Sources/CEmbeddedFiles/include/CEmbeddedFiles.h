// Files of the repository that the program carries with it, so that it works wherever it is started.
#pragma once

/// Each is UTF-8 with a terminating 0.
const char *embedded_qa_case(void);
const char *embedded_datacenter_qa(void);
/// The files of themes/, from 0; NULL after the last.
const char *embedded_theme(int index);
