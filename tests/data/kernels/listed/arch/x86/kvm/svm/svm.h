#define MOST 8
enum avic_modes { AVIC_MODE_NONE, AVIC_MODE_X1, AVIC_MODE_X2, };
