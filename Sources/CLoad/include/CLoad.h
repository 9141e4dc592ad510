void cload_placeholder(void);
